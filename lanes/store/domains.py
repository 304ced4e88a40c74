"""What is remembered of recipient domains (:mod:`lanes.schedule.known`), for each lane with batches.

Written by the tracker, and only by it; read for the planner and for people. Who was not tried for longest is
forgotten first, so it does not grow beyond what the settings say.

Failure: :class:`redis.RedisError`. What cannot be read is a domain that was never tried.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, cast

import msgspec
from redis import Redis

from lanes.config import Settings
from lanes.schedule.domains import Backoff, Tried
from lanes.schedule.known import Known, learned
from lanes.store.keys import Keys, text

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(Known).decode


class Seen(NamedTuple):
    """A domain of a batched lane, as it is now."""

    name: str
    held: int
    oldest: float
    """When the oldest held message was accepted, in Unix time; 0: none is held."""
    owed: int
    """How much more is to leave of a batch that has begun to."""
    inflight: int
    """Releasing and in flight."""
    known: Known | None
    """What was learned of it; None if it was never tried."""


class Domains:
    """One MTA's recipient domains."""

    def __init__(self, client: Redis, keys: Keys, settings: Settings) -> None:
        self._client = client
        self._keys = keys
        self._lanes = settings.lanes
        self._inflight_limit = settings.manager.inflight_limit
        self._terms = settings.domains

    def tried(self, lane: str, attempts: Mapping[str, Sequence[Tried]]) -> None:
        """Take in what became of attempts to deliver mail of a batched lane, by domain, in order."""
        batch, backoff = self._lanes[lane].batch, Backoff.of(self._terms)
        if not batch or not attempts:
            return
        packed = cast("list[bytes | None]", self._client.hmget(self._keys.known(lane), list(attempts)))
        known = {name: _read(one) or Known.of(batch.of(name)) for name, one in zip(attempts, packed, strict=True)}
        after = {name: learned(one, batch.of(name), backoff, attempts[name]) for name, one in known.items()}
        with self._client.pipeline() as pipe:
            pipe.hset(self._keys.known(lane), mapping={name: _pack(one) for name, one in after.items()})
            pipe.zadd(self._keys.tried(lane), {name: told[-1].at for name, told in attempts.items()}, gt=True)
            pipe.execute()
        self._forget(lane)

    def _forget(self, lane: str) -> None:
        """Drop those that were not tried for longest, if there are too many."""
        last = -self._terms.remembered - 1
        if names := cast("list[bytes]", self._client.zrange(self._keys.tried(lane), 0, last)):
            with self._client.pipeline() as pipe:
                pipe.zrem(self._keys.tried(lane), *names)
                pipe.hdel(self._keys.known(lane), *cast("list[str]", names))
                pipe.execute()

    def seen(self, lane: str, names: Iterable[str], now: float) -> dict[str, Seen]:
        """Each of these domains of a batched lane; one round trip."""
        wanted = list(names)
        if not wanted:
            return {}
        with self._client.pipeline(transaction=False) as pipe:
            for key in (self._keys.sizes(lane), self._keys.oldest(lane), self._keys.owed(lane)):
                pipe.zmscore(key, wanted)
            pipe.hmget(self._keys.known(lane), wanted)
            for name in wanted:
                pipe.zcount(self._keys.busy(lane, name), now - self._inflight_limit, "+inf")
            held, oldest, owed, known, *busy = pipe.execute()
        rows = zip(wanted, held, oldest, owed, busy, map(_read, known), strict=True)
        return {name: Seen(name, int(held or 0), oldest or 0.0, int(owed or 0), inflight, known)
                for name, held, oldest, owed, inflight, known in rows}

    def foremost(self, lane: str, most: int) -> list[str]:
        """Domains that are worth a look: those with most mail, and then those that were tried last."""
        with self._client.pipeline(transaction=False) as pipe:
            pipe.zrevrange(self._keys.sizes(lane), 0, most - 1)
            pipe.zrevrange(self._keys.tried(lane), 0, most - 1)
            return list(dict.fromkeys(text(name) for names in pipe.execute() for name in names))[:most]


def _read(packed: bytes | None) -> Known | None:
    """What is remembered of a domain; None if that is nothing."""
    try:
        return _unpack(packed) if packed is not None else None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
