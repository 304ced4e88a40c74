"""What is remembered of senders: :class:`~lanes.policy.reputation.Standing` by envelope sender.

Written by the tracker, and only by it; read by the filter, which asks from time to time for the few
that stand badly, so that no message waits for it. Failure: :class:`redis.RedisError`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

import msgspec
from redis import Redis

from lanes.policy.reputation import POOR, Standing
from lanes.store.keys import Keys
from lanes.store.stored import decoded

#: Senders remembered; those that were not seen for longest are forgotten first.
REMEMBERED = 100_000
#: Senders in poor standing that the filter is told of.
TOLD = 10_000

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(Standing).decode


class Senders:
    """The senders of one MTA."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys

    def saw(self, seen: Mapping[str, tuple[int, int]], now: float) -> None:
        """Count what became of senders' mail: sender -> (delivered, bounced)."""
        names = [sender for sender in seen if sender]
        standings = {name: old.after(*seen[name], now) for name, old in self._standings(names).items()}
        if not standings:
            return
        with self._client.pipeline() as pipe:
            pipe.hset(self._keys.standings, mapping={name: _pack(new) for name, new in standings.items()})
            pipe.zadd(self._keys.senders, dict.fromkeys(standings, now))
            for name, new in standings.items():
                (pipe.sadd if new.score(now) < POOR else pipe.srem)(self._keys.poor, name)
            pipe.execute()
        self._forget()

    def poor(self, now: float) -> dict[str, float]:
        """The senders in poor standing, with their scores."""
        members = cast("list[bytes]", self._client.srandmember(self._keys.poor, TOLD))
        standings = self._standings(name.decode("utf-8", "replace") for name in members)
        scores = {name: standing.score(now) for name, standing in standings.items()}
        return {name: score for name, score in scores.items() if score < POOR}

    def _standings(self, names: Iterable[str]) -> dict[str, Standing]:
        wanted = list(names)
        if not wanted:
            return {}
        found = cast("list[bytes | None]", self._client.hmget(self._keys.standings, wanted))
        return {name: _standing(packed) for name, packed in zip(wanted, found, strict=True)}

    def _forget(self) -> None:
        """Drop those that were not seen for longest, if there are too many."""
        names = cast("list[bytes]", self._client.zrange(self._keys.senders, 0, -REMEMBERED - 1))
        if names:
            with self._client.pipeline() as pipe:
                pipe.zrem(self._keys.senders, *names)
                pipe.hdel(self._keys.standings, *cast("list[str]", names))
                pipe.srem(self._keys.poor, *names)
                pipe.execute()


def _standing(packed: bytes | None) -> Standing:
    """A stored standing; a new sender's where there is none, or none that can be read."""
    return decoded(_unpack, packed) or Standing()
