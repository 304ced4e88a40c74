"""Where the manager's clock began: what the wall clock is ahead of the monotonic one, kept for the next manager.

Contract: what was kept of another boot of the machine, whose monotonic clock was another one, or what cannot be read,
is None.
Failure: :class:`redis.RedisError`.
"""

from __future__ import annotations

from typing import cast

from redis import Redis

from lanes.store.keys import Keys
from lanes.store.stored import instant


class Origin:
    """One MTA's. ``boot`` names this boot of the machine."""

    def __init__(self, client: Redis, keys: Keys, boot: str) -> None:
        self._client = client
        self._key = keys.clock
        self._boot = boot

    def read(self) -> float | None:
        """Seconds, as they were kept."""
        boot, origin = cast("list[bytes | None]", self._client.hmget(self._key, ["boot", "origin"]))
        return instant(origin) if boot == self._boot.encode() else None

    def keep(self, origin: float) -> None:
        """Keep it."""
        self._client.hset(self._key, mapping={"boot": self._boot, "origin": str(origin)})
