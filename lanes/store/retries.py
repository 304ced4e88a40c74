"""When deferred messages are tried again, by their lanes' own schedules (:mod:`lanes.schedule.retry`).

How often a message was tried, and when last, is in its progress, which the log tells; so the schedule runs
from the last attempt, whoever made it, and survives what the log survives.

Contract: only messages that are deferred have a next attempt; looking at who is due reads heads only.
Failure: :class:`redis.RedisError`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from lanes.config import Settings
from lanes.life import State
from lanes.message import Progress, Record, Tries
from lanes.schedule.retry import next_attempt
from lanes.schedule.view import Deferred
from lanes.store import scripts
from lanes.store.keys import text
from lanes.store.store import Store


class Retries:
    """One MTA's deferred mail."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._keys = store.keys
        self._settings = settings
        self._retry = scripts.load(store.client, "retry")

    def tried(self, deferrals: Mapping[str, Mapping[float, float]]) -> None:
        """Count attempts that left somebody undelivered (:meth:`~lanes.message.Tries.after`); told twice, once."""
        known = self._store.progress(deferrals)
        self._store.note({id: Progress(tries=known[id].tries.after(deferrals[id])) for id in deferrals})
        self.schedule(deferrals)

    def schedule(self, ids: Iterable[str]) -> None:
        """Set the next attempt of those of ``ids`` that are deferred, by what was told of their attempts."""
        told = {id: progress for id, progress in self._store.progress(ids).items() if progress.tries.count}
        last = {id: _ended(progress.tries) for id, progress in told.items()}
        records = self._store.records(told)
        self._set({id: (record.lane, self._next(record, told[id], last[id])) for id, record in records.items()})

    def due(self, now: float, most: int) -> list[Deferred]:
        """Whose time has come: at most so many of each lane, the most urgent lane first, in order."""
        names = self._settings.by_rank()
        with self._store.client.pipeline(transaction=False) as pipe:
            for name in names:
                pipe.zrangebyscore(self._keys.retry(name), "-inf", now, 0, most)
            ids = [text(id) for members in pipe.execute() for id in members]
        return [Deferred(id, record.lane, record.domain) for id, record in self._store.records(ids).items()]

    def postpone(self, messages: Iterable[Deferred], now: float) -> None:
        """As if they had been tried now: another attempt is a pause away. The log's word will take its place."""
        wanted = {message.id for message in messages}
        told, records = self._store.progress(wanted), self._store.records(wanted)
        self._set({id: (record.lane, self._next(record, told[id], now)) for id, record in records.items()})

    def _next(self, record: Record, told: Progress, last: float) -> float | None:
        if record.lane not in self._settings.lanes:
            return None
        retry = self._settings.lanes[record.lane].retry
        expires = record.accepted + told.before + self._settings.mta.lifetime
        return next_attempt(retry, max(told.tries.count, 1), last, expires)

    def _set(self, attempts: Mapping[str, tuple[str, float | None]]) -> None:
        lanes: defaultdict[str, list[str | float]] = defaultdict(list)
        for id, (lane, when) in attempts.items():
            lanes[lane] += [id, "" if when is None else when]
        for lane, args in lanes.items():
            self._retry([self._keys.state(State.DEFERRED, lane), self._keys.retry(lane)], args)


def _ended(tries: Tries) -> float:
    """When the last attempt had certainly ended: most logs tell whole seconds, cut off."""
    return tries.ended + tries.ended.is_integer()
