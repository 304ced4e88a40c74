"""What became of notices, sink by sink: how many were told, how many tries failed, and why the last one did.

Contract: each is one round trip. Failure: :class:`redis.RedisError`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, cast

from redis import Redis

from lanes.message import printable
from lanes.store.keys import Keys, text
from lanes.store.stored import count, instant


class SinkRecord(NamedTuple):
    """One sink; instants are Unix time in seconds, None if it never was."""

    told: int
    """Notices that it took ..."""
    told_at: float | None
    """... and when it took the last one."""
    failed: int
    """Tries that failed ..."""
    failed_at: float | None
    why: str
    """... and why the last one did."""

    @property
    def fails(self) -> bool:
        """Whether the last try failed."""
        return self.failed_at is not None and (self.told_at is None or self.told_at < self.failed_at)


class Sinks:
    """The sinks of one MTA's alerts."""

    def __init__(self, client: Redis, mta: str) -> None:
        self._client = client
        self._key = Keys(mta).sinks

    def told(self, sink: str, now: float) -> None:
        """A sink took a notice."""
        with self._client.pipeline() as pipe:
            pipe.hincrby(self._key, f"told:{sink}")
            pipe.hset(self._key, f"told_at:{sink}", str(now))
            pipe.execute()

    def failed(self, sink: str, why: str, now: float) -> None:
        """A try to tell a sink failed."""
        with self._client.pipeline() as pipe:
            pipe.hincrby(self._key, f"failed:{sink}")
            pipe.hset(self._key, mapping={f"failed_at:{sink}": str(now), f"why:{sink}": printable(why)})
            pipe.execute()

    def records(self, sinks: Iterable[str]) -> dict[str, SinkRecord]:
        """What became of each."""
        found = cast("dict[bytes, bytes]", self._client.hgetall(self._key))
        return {sink: _record(found, sink) for sink in sinks}


def _record(found: Mapping[bytes, bytes], sink: str) -> SinkRecord:
    told, told_at, failed, failed_at, why = (
        found.get(f"{what}:{sink}".encode()) for what in ("told", "told_at", "failed", "failed_at", "why")
    )
    return SinkRecord(count(told), instant(told_at), count(failed), instant(failed_at), text(why or b""))
