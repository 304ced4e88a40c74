"""What came of an order, for who waits."""

from __future__ import annotations

from rq.job import Job, JobStatus

from lanes.config import Settings
from lanes.jobs.outcome import outcome
from lanes.jobs.queues import enqueue_order, mta_queue
from lanes.store.orders import Selection
from lanes.store.store import Store


class Wait:
    """A clock that goes on by what is slept, and lets something happen then."""

    def __init__(self, job: Job, becomes: JobStatus | None = None) -> None:
        self.now, self._job, self._becomes = 0.0, job, becomes

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        if self._becomes and self.now > 1:
            self._job.set_status(self._becomes)


def ordered(store: Store, settings: Settings) -> Job:
    return enqueue_order(mta_queue(store.client, settings), "pause", "ops", "", Selection(lane="bulk"))


def test_without_a_worker_it_is_ordered_and_waited_for_so_long(store: Store, settings: Settings) -> None:
    wait = Wait(job := ordered(store, settings))
    assert outcome(job, 10.0, clock=wait.clock, sleep=wait.sleep).status == "ordered"
    assert 10 <= wait.now < 11


def test_what_failed_is_said_at_once(store: Store, settings: Settings) -> None:
    wait = Wait(job := ordered(store, settings), JobStatus.FAILED)
    assert outcome(job, 10.0, clock=wait.clock, sleep=wait.sleep).status == "failed"
    assert wait.now < 2


def test_who_has_no_patience_asks_once(store: Store, settings: Settings) -> None:
    wait = Wait(job := ordered(store, settings))
    assert outcome(job, 0.0, clock=wait.clock, sleep=wait.sleep).status == "ordered"
    assert wait.now == 0
