"""Where jobs are put: the queues' names, and how a wave is enqueued."""

from __future__ import annotations

from collections.abc import Sequence

from redis import Redis
from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer

from lanes.config import Settings
from lanes.schedule.retry import pause
from lanes.store.orders import Selection

#: The name by which a worker's allow-list knows the release of a wave.
RELEASE = "release"

#: ... and another try of deferred mail.
TRY_AGAIN = "retry"

#: ... and an operator's order.
ORDER = "order"

#: ... and the comparison of Redis with the spool.
RECONCILE = "reconcile"

_KEEP_FAILURES = 3600
#: Seconds for which an order waits for a worker, may take, and its answer for whoever gave it.
_ORDER_WAITS, _ORDER_TAKES, _ORDER_KNOWN = 600, 600, 60
#: Seconds that a comparison may take: a rebuilt index of a million messages needs minutes.
_RECONCILE_TAKES = 3600


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


def enqueue_retry(queue: Queue, settings: Settings, ids: Sequence[str]) -> None:
    """Have deferred messages tried again; if no worker comes before they are due again, not at all.

    Raises :class:`redis.RedisError`.
    """
    pauses = [seconds for lane in settings.lanes.values() if (seconds := pause(lane.retry, 1)) is not None]
    timeout = max(1, int(settings.mta.command_timeout) * 2)
    queue.enqueue_call(
        TRY_AGAIN, kwargs={"ids": list(ids)}, timeout=timeout, ttl=max(1, int(min(pauses, default=1))), result_ttl=0,
        failure_ttl=_KEEP_FAILURES,
    )  # fmt: skip


def enqueue_reconcile(queue: Queue, settings: Settings) -> None:
    """Have Redis brought in line with the spool; if no worker comes before it is due again, not at all.

    Raises :class:`redis.RedisError`.
    """
    every = max(1, int(settings.manager.reconcile_every))
    queue.enqueue_call(
        RECONCILE, kwargs={}, timeout=_RECONCILE_TAKES, ttl=every, result_ttl=0, failure_ttl=_KEEP_FAILURES
    )


def enqueue_order(queue: Queue, action: str, who: str, why: str, selection: Selection) -> Job:
    """Have an operator's order carried out; the job, to ask what came of it.

    Raises :class:`redis.RedisError`.
    """
    kwargs = {"action": action, "who": who, "why": why, **selection._asdict()}
    return queue.enqueue_call(
        ORDER, kwargs=kwargs, timeout=_ORDER_TAKES, ttl=_ORDER_WAITS, result_ttl=_ORDER_KNOWN,
        failure_ttl=_KEEP_FAILURES, at_front=True,
    )  # fmt: skip
