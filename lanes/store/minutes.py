"""What was delivered, minute by minute, for as long as Redis keeps it (:data:`lanes.store.settling.HISTOGRAM_FOR`).

A busy minute of a lane takes some 25 KB (3,000 messages), so a week of them is only kept if nobody else has it.

Failure: :class:`redis.RedisError`.
"""

from __future__ import annotations

from collections.abc import Iterable

from lanes.sla.period import Period
from lanes.store.store import Store

#: Seconds for which a minute is kept that is in the history as well: for alerts and views.
_ON_RECORD_FOR = 86400


class Minutes:
    """One MTA's minutes."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def read(self, lanes: Iterable[str], first: int, last: int) -> dict[tuple[str, int], Period]:
        """Each lane's minutes (Unix time // 60) from first to last, both included; one round trip."""
        wanted = [(lane, minute) for minute in range(first, last + 1) for lane in lanes]
        with self._store.client.pipeline(transaction=False) as pipe:
            for lane, minute in wanted:
                pipe.hgetall(self._store.keys.histogram(lane, minute))
            return dict(zip(wanted, map(Period.read, pipe.execute()), strict=True))

    def on_record(self, minutes: Iterable[tuple[str, int]]) -> None:
        """Say that these (lane, minute) are in the history; they are forgotten earlier."""
        with self._store.client.pipeline(transaction=False) as pipe:
            for lane, minute in minutes:
                pipe.expire(self._store.keys.histogram(lane, minute), _ON_RECORD_FOR)
            pipe.execute()
