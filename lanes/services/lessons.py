"""What delivery attempts teach: how long mail stands in the MTA, and how recipient domains take it.

Contract: a lesson told twice, after a crash, weighs a little more than it should, and harms nobody. How long
mail stood says something about now only while it is news; how a domain took it does so for longer.

Failure: :class:`redis.RedisError`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from lanes.config import Settings
from lanes.message import Record, domain_of
from lanes.mta.port import Attempt, Outcome
from lanes.schedule.domains import Tried, is_domains_fault
from lanes.schedule.window import Waited
from lanes.store.domains import Domains
from lanes.store.store import Store

_Known = tuple[Attempt, Record]


class Lessons:
    """What one MTA's tracker passes on."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self._domains = Domains(store.client, store.keys, settings)

    def __call__(self, attempts: Sequence[Attempt], now: float) -> None:
        """Learn from a stretch of the log; ``now`` is Unix time in seconds."""
        records = self._store.records(attempt.id for attempt in attempts)
        known = [(attempt, records[attempt.id]) for attempt in attempts if attempt.id in records]
        since = now - self._settings.manager.window_interval
        if waited := _waited((one, record) for one, record in known if one.at >= since):
            self._store.flow.waited(waited)
        for lane in self._settings.lanes:
            self._domains.tried(lane, _tried((one for one, record in known if record.lane == lane)))


def _waited(attempts: Iterable[_Known]) -> Mapping[str, Waited]:
    """By lane, how long what was delivered had waited in the queue manager: ``b`` of Postfix's ``delays``."""
    waits: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for attempt, record in attempts:
        if attempt.outcome is Outcome.SENT:
            waits[record.lane][attempt.id] = attempt.stages[1]
    return {lane: Waited.of(seconds.values()) for lane, seconds in waits.items()}


def _tried(attempts: Iterable[Attempt]) -> Mapping[str, list[Tried]]:
    """By recipient domain, which is not always the one that the message is batched under."""
    domains: defaultdict[str, list[Tried]] = defaultdict(list)
    for attempt in attempts:
        blamed = attempt.outcome is Outcome.DEFERRED and is_domains_fault(attempt.dsn)
        domains[domain_of((attempt.recipient,))].append(Tried(attempt.at, blamed, sum(attempt.stages[2:])))
    return domains
