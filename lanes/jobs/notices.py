"""Where notices are put: one queue for all MTAs, and the times at which what failed is tried again.

Any MTA's notifier takes any notice, so that the alerts of an MTA whose notifier is gone are told all the same;
all MTAs with one Redis therefore need the same sinks in their settings. No worker takes notices: it is root,
what it releases must not wait for somebody's web server, and it could not tell its own silence.

RQ keeps what is to be tried again in a registry, and leaves it to a process of its own to put it back. Here
the notifier does it (:func:`put_back`), by ids alone, so that nothing in the registry can stop it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import cast

from msgspec import structs, to_builtins
from redis import Redis
from redis.client import Pipeline
from rq import Queue, Retry
from rq.job import Job
from rq.serializers import JSONSerializer

from lanes.config import Settings
from lanes.config.sinks import Sink
from lanes.sla.alerts import Phase
from lanes.sla.notices import Due, Notice

#: The name by which a notifier's allow-list knows the telling of a notice.
NOTIFY = "notify"

#: Seconds for which it is tried to tell that something is over; what fires, until it would be repeated.
DAY = 86400.0
#: Seconds from one try to the next: at first, doubled each time, and at most.
FIRST_PAUSE, LONGEST_PAUSE = 10, 3600
#: Seconds by which a try may exceed the sink's own time limit before it is ended.
_GRACE = 2
_KEEP_FAILURES = 3600
#: Seconds for which a trial waits for a notifier, and its answer for whoever asked.
_TRIAL_WAITS, _TRIAL_KNOWN = 60, 60
#: Notices that are put back at once.
_CHUNK = 1000


def notify_queue(client: Redis) -> Queue:
    """The queue of notices, of all MTAs."""
    return Queue("notify", connection=client, serializer=JSONSerializer)


def enqueue_notices(
    queue: Queue, settings: Settings, due: Sequence[Due], pipe: Pipeline, now: float, new_id: Callable[[], str]
) -> None:
    """Have sinks told of what is due, if and when the transaction of ``pipe`` succeeds.

    ``new_id`` gives 32 random hexadecimal digits.
    """
    for sink, states in due:
        notice = Notice(new_id(), settings.mta.name, now, tuple(structs.replace(one, told={}) for one in states))
        terms = settings.alerts.sinks[sink]
        within = _worth_telling(notice, terms)
        retry = Retry(len(between), between) if (between := pauses(within)) else None
        queue.enqueue_call(
            NOTIFY, kwargs=_payload(sink, notice), timeout=_takes(terms), ttl=math.ceil(within), result_ttl=0,
            failure_ttl=_KEEP_FAILURES, retry=retry, job_id=notice.id, description=sink, pipeline=pipe,
        )  # fmt: skip


def enqueue_trial(queue: Queue, settings: Settings, sink: str, notice: Notice) -> Job:
    """Have a sink tried, once; the job, to ask what came of it. Raises :class:`redis.RedisError`."""
    return queue.enqueue_call(
        NOTIFY, kwargs=_payload(sink, notice), timeout=_takes(settings.alerts.sinks[sink]), ttl=_TRIAL_WAITS,
        result_ttl=_TRIAL_KNOWN, failure_ttl=_TRIAL_KNOWN, job_id=notice.id, description=sink, at_front=True,
    )  # fmt: skip


def pauses(within: float) -> list[int]:
    """Seconds from each try to the next, that all tries are begun ``within`` seconds."""
    found, total, pause = list[int](), 0, FIRST_PAUSE
    while (total := total + pause) < within:
        found.append(pause)
        pause = min(2 * pause, LONGEST_PAUSE)
    return found


def put_back(queue: Queue, now: float) -> None:
    """Put what is to be tried again by now back into the queue. Raises :class:`redis.RedisError`."""
    waiting = queue.scheduled_job_registry.key

    def turn(pipe: Pipeline) -> None:
        due = cast("list[bytes]", pipe.zrangebyscore(waiting, "-inf", now, 0, _CHUNK))
        pipe.multi()
        if due:
            pipe.zrem(waiting, *due)
            pipe.rpush(queue.key, *due)

    queue.connection.transaction(turn, waiting)


def _payload(sink: str, notice: Notice) -> dict[str, object]:
    return {"sink": sink, "notice": to_builtins(notice)}


def _takes(sink: Sink) -> int:
    return math.ceil(sink.timeout) + _GRACE


def _worth_telling(notice: Notice, sink: Sink) -> float:
    """Seconds after which it need not be told any more."""
    over = any(state.phase is Phase.RESOLVED for state in notice.alerts)
    return DAY if over or not sink.repeat else min(sink.repeat, DAY)
