"""The MTAs that share one Redis: a register of them, all of them seen as one, and what is wrong anywhere.

Each MTA's manager says in the register that it is there; whoever was not heard of for :data:`REMEMBERED` is
forgotten. The lanes of all MTAs are added up as these settings name them, so MTAs that share a Redis share
their lanes, too.

Of an MTA that is silent as a whole nobody tells but another one's manager, the leader
(:mod:`lanes.store.leader`). As long as an MTA's own manager or notifier is heard of, its alerts are its own.

Contract: the cost grows with the number of MTAs and lanes, not with that of messages. Heartbeats are instants
by their own hosts' clocks, so those have to agree, as NTP has them do. Failure: :class:`redis.RedisError`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar, cast

from msgspec import structs

from lanes.config import Settings
from lanes.sla.alerts import State, firing
from lanes.sla.period import Period
from lanes.sla.rules import ProgramSeen, Seen
from lanes.store.alerts import Alerts
from lanes.store.keys import SharedKeys
from lanes.store.standing import Standing, Transact
from lanes.store.store import Store
from lanes.store.views import LaneStatus, Views

#: Seconds after which an MTA that is not heard of is taken for given up.
REMEMBERED = 7 * 86400

T = TypeVar("T")

#: Programs that tell of an MTA's alerts, and so of the others' silence.
_TELL = ("manager", "notifier")


def of(settings: Settings, mta: str) -> Settings:
    """These settings, for another MTA."""
    return structs.replace(settings, mta=structs.replace(settings.mta, name=mta))


class Mtas:
    """All MTAs that share this one's Redis. ``transact`` is for who writes what is global: the leader."""

    def __init__(self, store: Store, settings: Settings, transact: Transact | None = None) -> None:
        self._client = store.client
        self._settings = settings
        self.standing = Standing(store.client, SharedKeys.alerts, transact)
        """How the alerts stand that are no single MTA's to tell."""

    def heard(self, now: float) -> None:
        """Say that this MTA is there; and forget who has not been heard of for long."""
        with self._client.pipeline() as pipe:
            pipe.zadd(SharedKeys.mtas, {self._settings.mta.name: now})
            pipe.zremrangebyscore(SharedKeys.mtas, "-inf", now - REMEMBERED)
            pipe.execute()

    def names(self) -> list[str]:
        """This one, and those that are in the register."""
        names = cast("list[bytes]", self._client.zrange(SharedKeys.mtas, 0, -1))
        return sorted({self._settings.mta.name, *(name.decode("utf-8", "replace") for name in names)})

    def status(self, now: float) -> list[LaneStatus]:
        """Every lane of all MTAs together at a glance, the most urgent first."""
        each = [Views(store, self._settings).status(now) for store in map(self._store, self.names())]
        return [together(lanes) for lanes in zip(*each, strict=True)]

    def programs(self, now: float) -> dict[str, list[ProgramSeen]]:
        """Who was last heard of when, MTA by MTA."""
        return {name: [one._replace(mta=name) for one in alerts.programs(now)] for name, alerts in self._alerts()}

    def seen(self, now: float) -> Seen:
        """What the leader watches: the programs of MTAs that do not tell of themselves."""
        patience = self._settings.alerts.silent_after / 2
        mute = (programs for programs in self.programs(now).values() if not _tells(programs, patience))
        return Seen((), tuple(one for programs in mute for one in programs))

    def firing(self, now: float) -> list[State]:
        """What is wrong with any MTA now, the gravest first."""
        states = self.standing.states()
        for name, alerts in self._alerts():
            states |= _labelled(alerts.standing.states().values(), name)
        programs = [one for programs in self.programs(now).values() for one in programs]
        return firing(states, programs, self._settings.alerts)

    def _alerts(self) -> Iterator[tuple[str, Alerts]]:
        return ((name, Alerts(self._store(name), self._settings)) for name in self.names())

    def _store(self, name: str) -> Store:
        return Store(self._client, of(self._settings, name))


def together(parts: Sequence[LaneStatus]) -> LaneStatus:
    """The same lane of several MTAs as one."""
    return LaneStatus(
        parts[0].lane,
        _sum(part.states for part in parts),
        max((part.oldest for part in parts if part.oldest is not None), default=None),
        _sum(part.totals for part in parts),
        Period.merged(part.lately for part in parts),
        any(part.paused for part in parts),
    )


def _sum(parts: Iterable[Mapping[T, int]]) -> dict[T, int]:
    """Key by key; every part has the same."""
    total: Counter[T] = Counter()
    for part in parts:
        total.update(part)
    return dict(total)


def _tells(programs: Sequence[ProgramSeen], patience: float) -> bool:
    """Whether an MTA tells of its alerts itself."""
    return any(one.program in _TELL and one.silence < patience for one in programs)


def _labelled(states: Iterable[State], mta: str) -> dict[str, State]:
    """An MTA's alerts among those of others."""
    own = (structs.replace(state, alert=structs.replace(state.alert, labels=state.alert.labels | {"mta": mta}))
           for state in states)
    return {state.alert.identity: state for state in own}
