"""A client for the configured Redis.

Contract: no hidden retries and a bounded wait: a caller that has better things to do than to wait
for Redis (the filter) finds out within its budget. Replies are bytes; the store decodes them. What
``redis.url`` says about either in its query (``?socket_timeout=10``) does not count.

By Sentinel, each new connection asks who the master is now; after a fail-over the old connections break,
and so every program goes on with the new master. Half of the wait is for finding the master, shared out
among the Sentinels, since those that run on the lost master's host do not answer either; the other half is
for the master.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.connection import ConnectionPool, parse_url
from redis.retry import Retry
from redis.sentinel import Sentinel, SentinelConnectionPool

from lanes.config import ConfigError, Settings
from lanes.config.redis_url import EMBEDDED, BySentinel, by_sentinel


def connect(settings: Settings, timeout: float | None = None) -> Redis:
    """A client that waits ``timeout`` seconds (``redis.timeout`` if None) for Redis at most.

    Nothing is sent yet; :class:`redis.RedisError` is raised by the first command. Raises
    :class:`~lanes.config.ConfigError` for options in ``redis.url`` that redis-py cannot read.
    """
    wait = settings.redis.timeout if timeout is None else timeout
    url = settings.redis.url
    if url == EMBEDDED:
        url = f"unix://{embedded_socket(settings)}"
    try:
        found = by_sentinel(url)
        return Redis.from_pool(_found_pool(found, wait) if found else _pool(url, wait))
    except ValueError as error:
        raise ConfigError(str(error), key="redis.url") from error


def embedded_socket(settings: Settings) -> Path:
    """Where the embedded server listens."""
    return Path(settings.data_dir).absolute() / "redis" / "redis.sock"


def _pool(url: str, wait: float) -> ConnectionPool:
    pool = ConnectionPool.from_url(url)
    pool.connection_kwargs.update(_bounded(wait))
    return pool


def _found_pool(found: BySentinel, wait: float) -> SentinelConnectionPool:
    """Connections to whoever is the master when they are made."""
    options: dict[str, Any] = parse_url(found.server)
    del options["host"]
    tls = {"ssl": True} if options.pop("connection_class", None) else {}
    shared = tls | {name: value for name, value in options.items() if name.startswith("ssl_")}
    each = wait / 2 / len(found.sentinels)
    sentinel = Sentinel(found.sentinels, sentinel_kwargs=shared | found.credentials | _bounded(each))
    return SentinelConnectionPool(found.service, _Sentinels(sentinel), **options | tls | _bounded(wait / 2))


def _bounded(wait: float) -> dict[str, Any]:
    return {
        "socket_timeout": wait, "socket_connect_timeout": wait, "retry": Retry(NoBackoff(), 0),
        "decode_responses": False,
    }  # fmt: skip


class _Sentinels:
    """redis-py's Sentinel, safe to share between threads.

    Who answers is asked first the next time. redis-py swaps the two in a list that other threads may be
    looking through, and so loses one; here each look has a list of its own.
    """

    def __init__(self, sentinel: Sentinel) -> None:
        self._sentinel = sentinel

    def discover_master(self, service: str) -> tuple[str, int]:
        """Host and port of the master. Raises :class:`redis.ConnectionError` if no Sentinel knows one."""
        own = copy.copy(self._sentinel)
        own.sentinels = list(own.sentinels)
        found: tuple[str, int] = own.discover_master(service)
        self._sentinel = own
        return found
