"""The RQ worker: an allow-list of functions, JSON, no forking, no orders.

RQ's own job imports whatever dotted name its payload holds, also for callbacks, and calls web
hooks that the payload names. :func:`job_class` takes all of that away: a name is looked up in the
allow-list or the job fails, unrun and unimported. RQ's own worker obeys whoever can write to Redis
(shut down, stop, be suspended); this one obeys signals only.

A job is a database call and two short commands, so it runs in the worker's own process
(:class:`rq.SimpleWorker`): forking a horse for each would cost more than the job.

Failure: a job that cannot be run is RQ's to keep as failed. One that cannot even be read, junk in
RQ's registries, or a Redis that is not there, end :meth:`AllowedWorker.work`; whoever called it calls
again, with a new worker.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any

from redis import Redis
from redis.client import Pipeline
from rq import Queue, SimpleWorker
from rq.exceptions import StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer

Functions = Mapping[str, Callable[..., object]]

#: Seconds that Redis remembers a silent worker. RQ waits for a job for 15 seconds less, and for any
#: answer for 5 seconds less, so this also bounds how long a dead connection goes unnoticed.
_REMEMBERED = 20
#: Seconds between two looks for jobs whose worker died over them.
_MAINTENANCE = 60
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class ToldError(Exception):
    """A job could not do its work, and has said so in the log itself: no program's fault, nothing to trace."""


class ForbiddenJobError(Exception):
    """A job named a function that is not on the worker's allow-list; it was not run."""


def job_class(functions: Functions) -> type[Job]:
    """A job that can be nothing but one of ``functions``, called by keyword."""

    class AllowedJob(Job):
        @property
        def func(self) -> Callable[..., object]:
            name = self.func_name or ""
            if self.instance is not None or self.args or name not in functions:
                raise ForbiddenJobError(f"not on this worker's list: {name!r} (known: {sorted(functions)})")
            return functions[name]

        @property
        def success_callback(self) -> None:
            return None

        @property
        def failure_callback(self) -> None:
            return None

        @property
        def stopped_callback(self) -> None:
            return None

        def restore(self, raw_data: Any) -> Any:
            restored = super().restore(raw_data)
            self.webhooks = []
            return restored

    return AllowedJob


class AllowedWorker(SimpleWorker):
    """Works until a signal, or until something is wrong that is not a job's own failure."""

    #: Seconds between two tries at most, while Redis is away.
    max_connection_wait_time = 5.0

    alive: Callable[[], None]
    """Called before and after each job, and every few seconds while there is none (RQ's own heartbeat)."""
    stop: threading.Event
    """Set by a signal, whether it comes before, while or after RQ listens to signals itself."""

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """Say it where our own programs look; then as RQ's, which nobody but RQ reads."""
        self.alive()
        super().heartbeat(timeout, pipeline)

    def work(self, *args: Any, **kwargs: Any) -> bool:
        """As RQ's. Who had the signals before has them back afterwards."""
        handlers = {number: signal.getsignal(number) for number in _SIGNALS}
        try:
            return super().work(*args, **kwargs)
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)

    def handle_exception(self, job: Job, *exc_info: Any) -> None:
        """As RQ's, which writes a traceback, but for what has been said."""
        if not isinstance(exc_info[1], ToldError):
            super().handle_exception(job, *exc_info)

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """A signal came: end after the job that is running."""
        self.stop.set()
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call] # RQ types about half of itself

    def subscribe(self) -> None:
        """No commands by way of Redis."""

    def check_for_suspension(self, burst: bool) -> None:  # noqa: ARG002 - RQ's signature
        """No suspension by way of Redis; but here RQ has begun to listen, and may have missed a signal."""
        if self.stop.is_set():
            raise StopRequested


def worker(
    client: Redis, queues: list[Queue], functions: Functions, alive: Callable[[], None], stop: threading.Event
) -> AllowedWorker:
    """A worker for ``queues`` that runs only ``functions`` until ``stop``; it has ``client`` for itself.

    ``alive`` is told again and again that it works: see :attr:`AllowedWorker.alive`.
    """
    job = job_class(functions)
    own = [Queue(q.name, connection=client, serializer=JSONSerializer, job_class=job) for q in queues]
    made = AllowedWorker(own, connection=client, job_class=job, serializer=JSONSerializer, worker_ttl=_REMEMBERED,
                         maintenance_interval=_MAINTENANCE)
    made.alive, made.stop = alive, stop
    return made
