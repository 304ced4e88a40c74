"""What is remembered of recipient domains (:mod:`lanes.schedule.known`), for each lane with batches.

Written by the tracker, and only by it; read for the planner and for people. Who was not tried for longest is
forgotten first, so it does not grow beyond what the settings say.

Failure: :class:`redis.RedisError`. What cannot be read is a domain that was never tried.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, cast

import msgspec
from redis import Redis

from lanes.config import Settings
from lanes.config.model import Batch
from lanes.schedule.domains import Backoff, Tried
from lanes.schedule.known import Known, learned
from lanes.store import scripts
from lanes.store.keys import Keys, text
from lanes.store.stored import count, decoded, instant

#: Domains asked for in one call: a script blocks Redis while it runs, and Lua unpacks no more than 8,000 at once.
_CHUNK = 1000

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


class Row(NamedTuple):
    """A domain of a lane, for people; one that was never tried has what the settings allow."""

    lane: str
    seen: Seen
    known: Known
    terms: Batch
    paused: bool
    """Whether an operator stopped it, in every lane."""


class Domains:
    """One MTA's recipient domains."""

    def __init__(self, client: Redis, keys: Keys, settings: Settings) -> None:
        self._client = client
        self._keys = keys
        self._lanes = settings.lanes
        self._inflight_limit = settings.manager.inflight_limit
        self._terms = settings.domains
        self._seen = scripts.load(client, "domains")

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
        """Each of these domains of a batched lane; one round trip for a thousand."""
        wanted = list(names)
        chunks = (wanted[start : start + _CHUNK] for start in range(0, len(wanted), _CHUNK))
        return {one.name: one for chunk in chunks for one in self._chunk(lane, chunk, now)}

    def _chunk(self, lane: str, names: Sequence[str], now: float) -> Iterator[Seen]:
        keys = [self._keys.sizes(lane), self._keys.oldest(lane), self._keys.owed(lane), self._keys.known(lane)]
        keys += [self._keys.busy(lane, name) for name in names]
        columns = cast("list[list[Any]]", self._seen(keys, [now - self._inflight_limit, *names]))
        for name, held, oldest, owed, known, inflight in zip(names, *columns, strict=True):
            yield Seen(name, count(held), instant(oldest) or 0.0, count(owed), inflight, _read(known))

    def foremost(self, lane: str, most: int) -> list[str]:
        """Domains that are worth a look: those with most mail, and then those that were tried last."""
        with self._client.pipeline(transaction=False) as pipe:
            pipe.zrevrange(self._keys.sizes(lane), 0, most - 1)
            pipe.zrevrange(self._keys.tried(lane), 0, most - 1)
            return list(dict.fromkeys(text(name) for names in pipe.execute() for name in names))[:most]

    def rows(self, lanes: Iterable[str], most: int, now: float) -> Iterator[Row]:
        """The domains of those of the lanes that batch: at most so many of each, those with most mail first."""
        for lane in lanes:
            if batch := self._lanes[lane].batch:
                names = self.foremost(lane, most)
                paused = self._paused(names)
                for seen in self.seen(lane, names, now).values():
                    terms = batch.of(seen.name)
                    yield Row(lane, seen, seen.known or Known.of(terms), terms, seen.name in paused)

    def _paused(self, names: Sequence[str]) -> set[str]:
        """Those of the domains that an operator stopped."""
        asked = [f"domain:{name}" for name in names]
        stopped = cast("list[int]", self._client.smismember(self._keys.paused, asked)) if asked else []
        return {name for name, is_stopped in zip(names, stopped, strict=True) if is_stopped}


def _read(packed: bytes | None) -> Known | None:
    """What is remembered of a domain; None if that is nothing."""
    return decoded(_unpack, packed)
