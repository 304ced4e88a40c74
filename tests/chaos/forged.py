"""Junk in Redis, as somebody would put it there who may write to it: it stays, and the house has to live with it.

Contract: each forgery is of the type that is there, or nobody could tell it from a broken Redis; what it says is
anything. It may cost what Redis knows of a message, which the spool knows better.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import cast

from redis import Redis

from lanes.config import Settings
from lanes.life import State
from lanes.store.keys import Keys

_JUNK = (b"", b"\xff\xfe\x00", b"not an id", b"../../etc/passwd", b"4bZ0nK1mTZz9rQ", b"-H\nALL", b"ALL", b"nan",
         b"1e999", b"\x81\xa4lane\xc3", b"{}", b"\xdd\xff\xff\xff\xff", "\u202e\u0000".encode())
#: How many forgeries make one fault.
_AT_ONCE = 4


def forge(client: Redis, settings: Settings, dice: random.Random) -> None:
    """Some junk, in some places."""
    keys = Keys(settings.mta.name)
    for forgery in dice.choices(_FORGERIES, k=_AT_ONCE):
        forgery(client, keys, settings, dice)


def _ids(client: Redis, keys: Keys, settings: Settings, dice: random.Random) -> None:
    """Messages that there are not, in any state, at any instant."""
    key = keys.state(dice.choice(list(State)), dice.choice(sorted(settings.lanes)))
    client.zadd(key, {dice.choice(_JUNK): dice.choice((float("-inf"), -1.0, 0.0, 1e9, 1e18, float("inf")))})


def _records(client: Redis, keys: Keys, _settings: Settings, dice: random.Random) -> None:
    """Of a message that there is, nothing that can be read."""
    for key in (keys.records, keys.outcomes):
        known = cast("list[bytes]", client.hkeys(key))
        client.hset(key, dice.choice(sorted(known) or list(_JUNK)), dice.choice(_JUNK))


def _domains(client: Redis, keys: Keys, settings: Settings, dice: random.Random) -> None:
    lane, junk = dice.choice(sorted(settings.lanes)), dice.choice(_JUNK)
    for key in (keys.sizes(lane), keys.oldest(lane), keys.owed(lane), keys.tried(lane), keys.retry(lane)):
        client.zadd(key, {junk: dice.choice((0.0, 1.0, 1e12))})
    client.hset(keys.known(lane), junk, dice.choice(_JUNK))


def _numbers(client: Redis, keys: Keys, _settings: Settings, dice: random.Random) -> None:
    """Where a number is expected, none."""
    for key, field in ((keys.window, "size"), (keys.window, "kept"), (keys.seen, "manager"), (keys.place, "read")):
        client.hset(key, field, dice.choice(_JUNK))
    client.rpush(keys.waited, dice.choice(_JUNK))
    client.lpush(keys.recent, dice.choice(_JUNK))


def _jobs(client: Redis, _keys: Keys, settings: Settings, dice: random.Random) -> None:
    """Orders that nobody gave."""
    junk = dice.choice(_JUNK)
    client.rpush(f"rq:queue:mta:{settings.mta.name}", junk)
    client.hset(b"rq:job:" + junk, mapping={"data": dice.choice(_JUNK), "status": dice.choice(_JUNK)})


_FORGERIES: tuple[Callable[[Redis, Keys, Settings, random.Random], None], ...] = (
    _ids, _records, _domains, _numbers, _jobs,
)  # fmt: skip
