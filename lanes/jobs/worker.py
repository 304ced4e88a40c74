"""The RQ worker: an allow-list of functions, JSON, no forking.

RQ's own job imports whatever dotted name its payload holds, also for callbacks, and calls web
hooks that the payload names. :func:`job_class` takes all of that away: a name is looked up in the
allow-list or the job fails, unrun and unimported.

A job is a database call and two short commands, so it runs in the worker's own process
(:class:`rq.SimpleWorker`): forking a horse for each would cost more than the job.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from redis import Redis
from rq import Queue, SimpleWorker
from rq.job import Job
from rq.serializers import JSONSerializer

Functions = Mapping[str, Callable[..., object]]


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


def worker(client: Redis, queues: list[Queue], functions: Functions, name: str) -> SimpleWorker:
    """A worker for ``queues`` that runs only ``functions``."""
    job = job_class(functions)
    own = [Queue(q.name, connection=client, serializer=JSONSerializer, job_class=job) for q in queues]
    return SimpleWorker(own, name=name, connection=client, job_class=job, serializer=JSONSerializer)
