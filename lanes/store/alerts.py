"""What alerts are judged by, read from heads and counts.

Nothing here grows with the backlog. How long mail has waited is found without an index of its own: a
deadline is never later than acceptance plus the lane's SLA (:mod:`lanes.policy`), so whatever has waited
for long has a near deadline, and is among the first by deadline. Only where more than :data:`HEADS`
messages have nearer deadlines without having waited is it found later, and still before it is overdue.

Failure: :class:`redis.RedisError`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from redis.client import Pipeline

from lanes.config import Settings
from lanes.life import State as MessageState
from lanes.message import PREFERENCES, printable
from lanes.sla.alerts import State, firing
from lanes.sla.period import Measure, Period
from lanes.sla.relay_rules import RelaySeen
from lanes.sla.rules import PROGRAMS, LaneSeen, ProgramSeen, Seen
from lanes.store.keys import member
from lanes.store.ledger import Ledger
from lanes.store.relays import Relays
from lanes.store.standing import Standing
from lanes.store.store import Store
from lanes.store.stored import instant

#: Messages with the nearest deadlines that are looked at, of a lane that has ``alert_after``: so many
#: on hold, and so many with the MTA.
HEADS = 100


class _Glance(NamedTuple):
    """A lane, and the messages of it that may have waited for long."""

    seen: LaneSeen
    near: list[str]


class Alerts:
    """One MTA's alerts."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._keys = store.keys
        self._ledger = Ledger(store, settings)
        self._relays = Relays(store.client, settings)
        self.standing = Standing(store.client, self._keys.alerts)
        """How they stand."""

    def seen(self, now: float) -> Seen:
        """What the rules see, the most urgent lane first; five round trips, and two for relays."""
        names = self._settings.by_rank()
        with self._store.client.pipeline(transaction=False) as pipe:
            for name in names:
                self._ask(pipe, name, now)
            answers = iter(pipe.execute())
        glances = [self._glance(name, answers) for name in names]
        accepted = {id: record.accepted for id, record in self._store.records(_ids(glances)).items()}
        outcomes, period = self._ledger.lately(now), self._settings.sla.period
        lanes = (
            glance.seen._replace(waited=max((now - accepted[id] for id in glance.near if id in accepted), default=0.0),
                                 outcomes=outcomes[glance.seen.lane], period=period)
            for glance in glances
        )
        return Seen(tuple(lanes), self.programs(now), self._relays_seen(now))

    def _relays_seen(self, now: float) -> tuple[RelaySeen, ...]:
        return tuple(
            RelaySeen(name, max(now - one.health.down_since, 0.0) if one.health.down_since else None,
                      printable(one.health.error), _served(self._settings.relays[name].preference))
            for name, one in self._relays.conditions(now).items()
        )  # fmt: skip

    def _ask(self, pipe: Pipeline, name: str, now: float) -> None:
        lane, bounds = self._settings.lanes[name], self._settings.alerts
        by_deadline = (self._keys.deadlines(name), self._keys.state(MessageState.HELD, name))
        near = now + lane.sla - (lane.alert_after or 0.0) * bounds.clear_at
        for state in MessageState:
            pipe.zcard(self._keys.state(state, name))
        for key in by_deadline:
            pipe.zcount(key, "-inf", f"({now}")
            pipe.zrangebyscore(key, "-inf", near, 0, HEADS if lane.alert_after else 0)
        for back in range(self._minutes):
            pipe.hgetall(self._keys.histogram(name, int(now // 60) - back))

    def _glance(self, name: str, answers: Any) -> _Glance:
        depth = sum(next(answers) for _ in MessageState)
        overdue, near, overdue_held, near_held = (next(answers) for _ in range(4))
        minutes = [next(answers) for _ in range(self._minutes)]
        lately = Period.merged(map(Period.read, minutes))
        seen = LaneSeen(
            name, self._settings.lanes[name], depth, overdue=overdue, overdue_held=overdue_held,
            p95=lately.percentile(Measure.QUEUE, 0.95), delivered=lately.messages,
        )  # fmt: skip
        return _Glance(seen, [member(id) for id in (*near, *near_held)])

    @property
    def _minutes(self) -> int:
        """How many minutes' histograms the p95 is of; the last one has only begun."""
        return int(self._settings.alerts.recent // 60)

    def programs(self, now: float) -> tuple[ProgramSeen, ...]:
        """Who was last heard of when; of those that there have to be."""
        heard = cast("dict[bytes, bytes]", self._store.client.hgetall(self._keys.seen))
        asked_for = {"notifier": bool(self._settings.alerts.sinks), "router": bool(self._settings.router.listen)}
        needed = [program for program in PROGRAMS if asked_for.get(program, True)]
        return tuple(ProgramSeen(program, instant(heard.get(program.encode())), now) for program in needed)

    def firing(self, now: float) -> list[State]:
        """What is wrong now, the gravest first; also if the manager is silent, and so tells nothing."""
        return firing(self.standing.states(), self.programs(now), self._settings.alerts)


def _served(preference: str | None) -> tuple[str, ...]:
    """What a relay with this preference serves."""
    return PREFERENCES if preference is None else (preference,)


def _ids(glances: Sequence[_Glance]) -> list[str]:
    return [id for glance in glances for id in glance.near]

