"""A client for the configured Redis.

Contract: no hidden retries and a bounded wait: a caller that has better things to do than to wait
for Redis (the filter) finds out within its budget. Replies are bytes; the store decodes them. What
``redis.url`` says about either in its query (``?socket_timeout=10``) does not count.
"""

from __future__ import annotations

from pathlib import Path

from redis import Redis
from redis.backoff import NoBackoff
from redis.connection import ConnectionPool
from redis.retry import Retry

from lanes.config import Settings

#: In ``redis.url``: a private server under ``data_dir``, started by ``lanes up``.
EMBEDDED = "embedded"


def connect(settings: Settings, timeout: float | None = None) -> Redis:
    """A client that waits ``timeout`` seconds (``redis.timeout`` if None) for Redis at most.

    Nothing is sent yet; :class:`redis.RedisError` is raised by the first command.
    """
    wait = settings.redis.timeout if timeout is None else timeout
    url = settings.redis.url
    if url == EMBEDDED:
        url = f"unix://{embedded_socket(settings)}"
    pool = ConnectionPool.from_url(url)
    pool.connection_kwargs.update(
        socket_timeout=wait, socket_connect_timeout=wait, retry=Retry(NoBackoff(), 0), decode_responses=False
    )
    return Redis.from_pool(pool)


def embedded_socket(settings: Settings) -> Path:
    """Where the embedded server listens."""
    return Path(settings.data_dir).absolute() / "redis" / "redis.sock"
