"""Redis, by what it tells of itself (INFO, TIME), which needs no right to configure it."""

from __future__ import annotations

import re
import time
from typing import Any
from urllib.parse import urlsplit

from redis import Redis, RedisError

from lanes.config import Settings
from lanes.config.redis_url import EMBEDDED, by_sentinel
from lanes.doctor.facts import RedisReached, RedisSeen
from lanes.store.connect import embedded_socket


def look(client: Redis, settings: Settings) -> RedisSeen:
    """Two round trips. Raises :class:`redis.RedisError`."""
    info: dict[str, Any] = client.info()
    before = time.time()
    seconds, micros = client.time()
    after = time.time()
    theirs = seconds + micros / 1e6
    ahead = theirs - after if theirs > after else min(theirs - before, 0.0)
    return RedisSeen(
        version=tuple(int(part) for part in re.findall(r"\d+", str(info["redis_version"]))),
        append_only=bool(info.get("aof_enabled")),
        writes_well=info.get("aof_last_write_status", "ok") == "ok",
        eviction=str(info.get("maxmemory_policy", "noeviction")),
        used=int(info.get("used_memory", 0)),
        limit=int(info.get("maxmemory") or info.get("total_system_memory") or 0),
        ahead=ahead,
        cli=cli(settings),
    )


def reach(client: Redis, settings: Settings) -> RedisReached:
    """Whether it answers."""
    try:
        client.ping()
    except RedisError as error:
        return RedisReached(str(error), cli(settings).removeprefix("redis-cli "))
    return RedisReached("", cli(settings))


def cli(settings: Settings) -> str:
    """The command by which a person reaches it, without user and password."""
    url = settings.redis.url
    if url == EMBEDDED:
        return f"redis-cli -s {embedded_socket(settings)}"
    if found := by_sentinel(url):
        host, port = found.sentinels[0]
        return f"redis-cli -h {host} -p {port} sentinel master {found.service}; then redis-cli to that one:"
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return f"redis-cli -s {parts.path}"
    tls = " --tls" if parts.scheme == "rediss" else ""
    return f"redis-cli -h {parts.hostname or 'localhost'} -p {parts.port or 6379}{tls}"
