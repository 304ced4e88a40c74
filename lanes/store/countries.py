"""In which country the mail servers of recipient domains stand, as all MTAs know it; and which are to be found.

Filters ask from time to time, so that no message waits for it. What they ask for and nobody knows, or what is no
longer good, is noted for whoever finds out (:mod:`lanes.services.locator`).

Contract: bounded: at most :data:`KNOWN` domains are known, those first forgotten that are good for the shortest
time, and about :data:`WANTED` are noted. What is no longer good goes on until it is found anew.

Failure: :class:`redis.RedisError`. What cannot be read is not known.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple, cast

import msgspec
from redis import Redis

from lanes.store.keys import SharedKeys, member, raw
from lanes.store.stored import decoded

#: Domains that are known ...
KNOWN = 20_000
#: ... and that are noted to be found.
WANTED = 2000
_CODE = re.compile("([a-z]{2})?", re.ASCII)


class Located(NamedTuple):
    """What was found of a domain."""

    country: str
    """A code of ISO 3166-1 alpha-2, lower case; empty: none."""
    until: float
    """Until when it is good, in Unix time."""


_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(Located).decode


class SharedCountries:
    """What all MTAs that share a Redis know."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    def find(self, domains: Sequence[str], now: float) -> dict[str, str]:
        """The countries of those of the domains that are known; the others are noted. Two round trips at most."""
        if not domains:
            return {}
        names = list(map(raw, domains))
        with self._client.pipeline(transaction=False) as pipe:
            pipe.hmget(SharedKeys.countries, names)
            pipe.scard(SharedKeys.unlocated)
            packed, noted = pipe.execute()
        known = dict(zip(domains, map(_read, packed), strict=True))
        wanted = [raw(domain) for domain, one in known.items() if one is None or one.until <= now]
        if room := max(WANTED - noted, 0):
            self._note(wanted[:room])
        return {domain: one.country for domain, one in known.items() if one is not None}

    def _note(self, names: list[bytes]) -> None:
        if names:
            self._client.sadd(SharedKeys.unlocated, *names)

    def wanted(self, count: int) -> list[str]:
        """So many domains that are to be found, in no order. Nobody else is given them."""
        return [member(name) for name in cast("list[bytes]", self._client.spop(SharedKeys.unlocated, count))]

    def known(self, domain: str) -> str:
        """The country of one; empty if it is not known."""
        located = _read(cast("bytes | None", self._client.hget(SharedKeys.countries, raw(domain))))
        return located.country if located else ""

    def learn(self, found: Mapping[str, Located]) -> None:
        """Take in what was found."""
        if not found:
            return
        names = {raw(domain): one for domain, one in found.items()}
        with self._client.pipeline() as pipe:
            pipe.hset(SharedKeys.countries, mapping={name: _pack(one) for name, one in names.items()})
            pipe.zadd(SharedKeys.located, {name: one.until for name, one in names.items()})
            pipe.zrange(SharedKeys.located, 0, -KNOWN - 1)
            *_, surplus = pipe.execute()
        if surplus:
            with self._client.pipeline() as pipe:
                pipe.zrem(SharedKeys.located, *surplus)
                pipe.hdel(SharedKeys.countries, *surplus)
                pipe.execute()


def _read(packed: bytes | None) -> Located | None:
    located = decoded(_unpack, packed)
    return located if located and _CODE.fullmatch(located.country) else None
