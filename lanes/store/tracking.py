"""How far the tracker has read its log, and how much of it.

Contract: place and counts are one transaction, so a stretch that is read again counts once.
Failure: :class:`redis.RedisError`. What cannot be read was never written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, cast

from redis import Redis
from redis.client import Pipeline

from lanes.store.keys import Keys
from lanes.store.stored import count, instant

_LINES, _UNPARSED, _END, _READ = "lines", "unparsed", "end", "read"


class Tracked(NamedTuple):
    """What the tracker has done since the beginning."""

    lines: int
    """Lines of the log, of whomever."""
    unparsed: int
    """Of these, how many could not be understood though they should."""
    until: float
    """Unix time in seconds up to which all that the log had was read and applied; 0: never. Now minus this is
    how far the tracker lags."""


class Tracking:
    """One MTA's tracker, as Redis knows it."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client = client
        self._key = keys.place

    def place(self) -> dict[str, str]:
        """How far it has read, and more; empty if it never did."""
        stored = cast("dict[bytes, bytes]", self._client.hgetall(self._key))
        return {field.decode("utf-8", "replace"): value.decode("utf-8", "replace") for field, value in stored.items()}

    def save(self, place: Mapping[str, str], lines: int, unparsed: int, now: float) -> None:
        """Remember how far it has read, and so many lines more, at an instant."""
        with self._client.pipeline() as pipe:
            if place:
                pipe.hset(self._key, mapping=dict(place.items()))
            pipe.hincrby(self._key, _LINES, lines)
            pipe.hincrby(self._key, _UNPARSED, unparsed)
            pipe.hset(self._key, _READ, str(now))
            pipe.execute()

    def at_end(self, now: float) -> None:
        """Say that it has read, and applied, all that the log had at an instant."""
        self._client.hset(self._key, _END, str(now))

    def read_at(self) -> float:
        """When it last read a line of the log, in Unix time; 0: never."""
        with self._client.pipeline(transaction=False) as pipe:
            self.ask_read_at(pipe)
            return instant(pipe.execute()[0]) or 0.0

    def ask_read_at(self, pipe: Pipeline) -> None:
        """Ask for :meth:`read_at` along with other things; the answer is for :func:`~lanes.store.stored.instant`."""
        pipe.hget(self._key, _READ)

    def ask_until(self, pipe: Pipeline) -> None:
        """Ask for :meth:`until`, in the same way."""
        pipe.hget(self._key, _END)

    def told(self) -> Tracked:
        """What it has done; for metrics."""
        lines, unparsed, end = cast("list[bytes | None]", self._client.hmget(self._key, [_LINES, _UNPARSED, _END]))
        return Tracked(count(lines), count(unparsed), instant(end) or 0.0)

    def until(self) -> float:
        """:attr:`Tracked.until`."""
        return self.told().until

