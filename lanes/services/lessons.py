"""What delivery attempts teach: how long mail stands in the MTA.

Contract: a lesson told twice, after a crash, weighs a little more than it should, and harms nobody. Only
what is news is a lesson: a log that is read hours later says nothing about now.

Failure: :class:`redis.RedisError`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from lanes.config import Settings
from lanes.message import Record
from lanes.mta.port import Attempt, Outcome
from lanes.schedule.window import Waited
from lanes.store.store import Store


class Lessons:
    """What one MTA's tracker passes on."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store

    def __call__(self, attempts: Sequence[Attempt], now: float) -> None:
        """Learn from a stretch of the log; ``now`` is Unix time in seconds."""
        records = self._store.records(attempt.id for attempt in attempts)
        known = [(attempt, records[attempt.id]) for attempt in attempts if attempt.id in records]
        since = now - self._settings.manager.window_interval
        if waited := _waited((one, record) for one, record in known if one.at >= since):
            self._store.flow.waited(waited)


def _waited(attempts: Iterable[tuple[Attempt, Record]]) -> Mapping[str, Waited]:
    """By lane, how long what was delivered had waited in the queue manager: ``b`` of Postfix's ``delays``."""
    waits: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for attempt, record in attempts:
        if attempt.outcome is Outcome.SENT:
            waits[record.lane][attempt.id] = attempt.stages[1]
    return {lane: Waited.of(seconds.values()) for lane, seconds in waits.items()}
