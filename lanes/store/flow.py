"""The window, and what it goes by: the tracker tells how long mail waited in the MTA, the manager sets it.

The window outlives the manager, and the filter reads it (``admit.lua``). What the tracker told is taken
once; if nobody takes it, only the last of it is kept, since it is of no use later.

Failure: :class:`redis.RedisError`. What cannot be read was never written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

import msgspec
from redis import Redis

from lanes.schedule.turn import Kept
from lanes.schedule.window import Waited, Window
from lanes.store.keys import Keys
from lanes.store.stored import decoded

#: Stretches of the log that are kept for the manager, and taken at once.
_KEPT = 100

_pack = msgspec.msgpack.Encoder().encode
_waited = msgspec.msgpack.Decoder(dict[str, Waited]).decode
_kept = msgspec.msgpack.Decoder(Kept).decode


class Flow:
    """One MTA's window."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys

    def waited(self, lanes: Mapping[str, Waited]) -> None:
        """Tell what mail that was delivered had waited, by lane."""
        with self._client.pipeline() as pipe:
            pipe.rpush(self._keys.waited, _pack(lanes))
            pipe.ltrim(self._keys.waited, -_KEPT, -1)
            pipe.execute()

    def take(self) -> tuple[Kept | None, dict[str, Waited]]:
        """The window as it was kept, and what was told since; one round trip."""
        with self._client.pipeline() as pipe:
            pipe.hget(self._keys.window, "kept")
            pipe.lpop(self._keys.waited, _KEPT)
            packed, told = pipe.execute()
        return decoded(_kept, packed), _merged(told or ())

    def keep(self, kept: Kept) -> None:
        """Keep the window, and tell the filter how wide it is."""
        self._client.hset(self._keys.window, mapping={"size": kept.window.size, "kept": _pack(kept)})

    def window(self) -> Window | None:
        """The window as it was kept."""
        kept = decoded(_kept, cast("bytes | None", self._client.hget(self._keys.window, "kept")))
        return kept and kept.window


def _merged(told: Iterable[bytes]) -> dict[str, Waited]:
    lanes: dict[str, Waited] = {}
    for packed in told:
        for lane, waited in (decoded(_waited, packed) or {}).items():
            lanes[lane] = lanes[lane] | waited if lane in lanes else waited
    return lanes
