"""Where jobs are put: the queues' names, and how a wave is enqueued."""

from __future__ import annotations

from collections.abc import Sequence

from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from lanes.config import Settings

#: The name by which a worker's allow-list knows the release of a wave.
RELEASE = "release"

_KEEP_FAILURES = 3600


def mta_queue(client: Redis, settings: Settings) -> Queue:
    """The queue of what must run on this MTA's host."""
    return Queue(f"mta:{settings.mta.name}", connection=client, serializer=JSONSerializer)


def enqueue_release(queue: Queue, settings: Settings, ids: Sequence[str]) -> None:
    """Have a claimed wave released; a job that waits longer than the claim's lease is dropped by RQ.

    Raises :class:`redis.RedisError`.
    """
    lease = max(1, int(settings.manager.lease))
    timeout = max(1, int(settings.mta.command_timeout) * 2)
    queue.enqueue_call(
        RELEASE, kwargs={"ids": list(ids)}, timeout=timeout, ttl=lease, result_ttl=0, failure_ttl=_KEEP_FAILURES
    )
