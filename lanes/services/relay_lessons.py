"""What a stretch of the log teaches of relays: how each did, and what is on its way by it.

An attempt tells of the relay whose transport made it, whoever the message is, whichever relay it was given. Mail
that the MTA puts off without an attempt, since it believes a destination dead, is put down to the relay that
the message was given: else a probe might never be answered.

Contract: a stretch that is read again teaches nothing twice. Without relays in the settings, nothing is asked
of Redis. Failure: :class:`redis.RedisError`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter

from lanes.config import Settings
from lanes.message import Record, domain_of, printable
from lanes.mta.port import Attempt, Outcome, Requeued
from lanes.routes.carrier import Carriers
from lanes.routes.health import Tried, is_relays_fault
from lanes.services.fold import Change
from lanes.store.relays import Relays, flight
from lanes.store.store import Store

#: Characters of what was said at a fault.
_SAID = 160


class RelayLessons:
    """What one MTA's tracker passes on."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._relays = settings.relays
        self._carriers = Carriers(settings.relays)
        self._store = store
        self._kept = Relays(store.client, settings)

    def __call__(self, stretch: int, attempts: Sequence[Attempt], changes: Mapping[str, Change],
                 requeued: Iterable[Requeued], now: float) -> None:
        """Learn from a stretch that begins after so many lines of the log; ``now`` is Unix time in seconds."""
        if not self._relays:
            return
        records = self._store.records(changes)
        given = {id: record.relay for id, record in records.items() if record.relay in self._relays}
        began = {id: change.at for id, change in changes.items() if change.transition == "start" and not change.removed}
        moved = (id for id, change in changes.items() if id not in began and (change.removed or change.transition))
        self._kept.moved(flight(given, began, moved, [event.id for event in requeued]), now)
        self._kept.learn(stretch, self._tried(attempts, records))

    def _tried(self, attempts: Sequence[Attempt], records: Mapping[str, Record]) -> dict[str, list[Tried]]:
        tried: defaultdict[str, list[Tried]] = defaultdict(list)
        for attempt in sorted(attempts, key=attrgetter("at")):
            record = records.get(attempt.id)
            if relay := self._relay(attempt, record.relay if record else ""):
                tried[relay].append(_tried(attempt, by_mx=not self._relays[relay].nexthop))
        return tried

    def _relay(self, attempt: Attempt, given: str) -> str:
        not_tried = attempt.relay == "none" and attempt.outcome is Outcome.DEFERRED and given in self._relays
        return self._carriers.of(attempt.transport, given) or (given if not_tried else "")


def _tried(attempt: Attempt, *, by_mx: bool) -> Tried:
    is_fault = attempt.outcome is not Outcome.SENT and is_relays_fault(attempt.dsn)
    return Tried(
        attempt.at, attempt.outcome.value,
        printable(f"{attempt.dsn} {attempt.text}", _SAID) if is_fault else "",
        sum(attempt.stages[2:]) if attempt.outcome is Outcome.SENT else None,
        domain_of((attempt.recipient,)) if by_mx else "",
    )  # fmt: skip
