"""How the relays are: what their deliveries taught, and what is on its way by each. One record for all MTAs.

Written by the trackers; read by filters, which ask from time to time, so that no message waits for it, and for
people. What is of all MTAs has a hash tag of its own, so this is never written together with what is one MTA's.

Contract: a stretch of an MTA's log teaches once at most, also if it is read again after a crash: which one was
the last is kept in the same transaction. Whatever is in flight for longer than ``manager.inflight_limit`` is
not counted.

Failure: :class:`redis.RedisError`. What cannot be read is a relay of which nothing is known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, cast

import msgspec
from redis import Redis
from redis.client import Pipeline

from lanes.config import Settings
from lanes.routes.health import Breaker, Condition, Health, Tried, breaker, learned
from lanes.store.keys import SharedKeys
from lanes.store.stored import decoded

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(Health).decode


class Flight(NamedTuple):
    """What a stretch of the log says of messages that were given to relays."""

    begun: Mapping[str, Mapping[str, float]]
    """Relay -> id -> since when it is in flight."""
    ended: Mapping[str, Sequence[str]]
    """Relay -> ids that are no longer."""
    requeued: Sequence[str] = ()
    """Ids that are nobody's any more."""


class Relays:
    """The relays of the settings, as all MTAs that share a Redis see them; written by the one of the settings."""

    def __init__(self, client: Redis, settings: Settings) -> None:
        self._client = client
        self._mta = settings.mta.name
        self._names = list(settings.relays)
        self._terms = settings.roads
        self._limit = settings.manager.inflight_limit

    def learn(self, stretch: int, attempts: Mapping[str, Sequence[Tried]]) -> None:
        """Take in what became of attempts, by relay, in order; ``stretch`` says where in its MTA's log they begin."""
        names = list(attempts)
        if not names:
            return

        def turn(pipe: Pipeline) -> None:
            last = cast("bytes | None", pipe.hget(SharedKeys.lessons, self._mta))
            packed = cast("list[bytes | None]", pipe.hmget(SharedKeys.relays, names))
            pipe.multi()
            if last != str(stretch).encode():
                after = {name: _pack(learned(_read(one), self._terms, attempts[name]))
                         for name, one in zip(names, packed, strict=True)}
                pipe.hset(SharedKeys.relays, mapping=dict(after.items()))
                pipe.hset(SharedKeys.lessons, self._mta, str(stretch))

        self._client.transaction(turn, SharedKeys.relays, SharedKeys.lessons)

    def moved(self, flight: Flight, now: float) -> None:
        """Take in what is in flight now, and what is no longer; and forget what has been for too long."""
        with self._client.pipeline(transaction=False) as pipe:
            for relay, begun in flight.begun.items():
                pipe.zadd(SharedKeys.flying(relay), {self._member(id): at for id, at in begun.items()})
            for relay, ended in flight.ended.items():
                pipe.zrem(SharedKeys.flying(relay), *map(self._member, ended))
            for relay in self._names if flight.requeued else ():
                pipe.zrem(SharedKeys.flying(relay), *map(self._member, flight.requeued))
            for relay in flight.begun:
                pipe.zremrangebyscore(SharedKeys.flying(relay), "-inf", now - self._limit)
            pipe.execute()

    def _member(self, id: str) -> str:
        return f"{self._mta}:{id}"

    def conditions(self, now: float) -> dict[str, Condition]:
        """Every relay as it is now; two round trips."""
        if not self._names:
            return {}
        with self._client.pipeline(transaction=False) as pipe:
            pipe.hmget(SharedKeys.relays, self._names)
            for name in self._names:
                pipe.zcount(SharedKeys.flying(name), now - self._limit, "+inf")
            packed, *depths = pipe.execute()
        known = {name: _read(one) for name, one in zip(self._names, packed, strict=True)}
        return self._looked(known, dict(zip(self._names, depths, strict=True)), now)

    def _looked(self, known: Mapping[str, Health], depths: Mapping[str, int], now: float) -> dict[str, Condition]:
        """With what went to those that are half open since they are, and for how long half of it has been under way."""
        with self._client.pipeline(transaction=False) as pipe:
            for name, health in known.items():
                since = health.open_until if breaker(health, now) is Breaker.HALF_OPEN else now - self._limit
                pipe.zcount(SharedKeys.flying(name), since, "+inf")
                middle = depths[name] // 2
                pipe.zrevrange(SharedKeys.flying(name), middle, middle, withscores=True)
            answers = iter(pipe.execute())
        return {name: Condition(health, next(answers), min(_age(next(answers), depths[name], now), self._limit))
                for name, health in known.items()}


def flight(given: Mapping[str, str], began: Mapping[str, float], ended: Iterable[str],
           requeued: Sequence[str] = ()) -> Flight:
    """By relay: ``given`` says which one a message was given to; of others nothing is said."""
    begun: defaultdict[str, dict[str, float]] = defaultdict(dict)
    gone: defaultdict[str, list[str]] = defaultdict(list)
    for id, at in began.items():
        if relay := given.get(id):
            begun[relay][id] = at
    for id in ended:
        if relay := given.get(id):
            gone[relay].append(id)
    return Flight(begun, gone, requeued)


def _age(middle: Sequence[tuple[bytes, float]], depth: int, now: float) -> float:
    """Since when the middle one of several is in flight; one alone says nothing."""
    return max(now - middle[0][1], 0.0) if middle and depth > 1 else 0.0


def _read(packed: bytes | None) -> Health:
    return decoded(_unpack, packed) or Health()
