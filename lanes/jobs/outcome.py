"""What came of a job, for who ordered it and waits.

Contract: it waits no longer than it was told to. Failure: :class:`redis.RedisError`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal, NamedTuple

from rq.job import Job, JobStatus

_LOOK = 0.05


class Outcome(NamedTuple):
    """What came of a job."""

    status: Literal["done", "ordered", "failed"]
    """ordered: no worker has answered yet; failed: the worker's log says why."""
    value: object = None
    """What the job returned."""


def outcome(job: Job, patience: float, *, clock: Callable[[], float] = time.monotonic,
            sleep: Callable[[float], None] = time.sleep) -> Outcome:
    """What came of a job within ``patience`` seconds."""
    end = clock() + patience
    while True:
        status = job.get_status()
        if status == JobStatus.FINISHED:
            return Outcome("done", job.return_value())
        if status == JobStatus.FAILED:
            return Outcome("failed")
        if clock() >= end:
            return Outcome("ordered")
        sleep(_LOOK)
