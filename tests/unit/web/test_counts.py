"""Counters that many threads share."""

from __future__ import annotations

import threading

import pytest

from lanes.web.counts import Counts
from tests.unit.web.conftest import Serve

NOW = 1_800_000_000.0


@pytest.fixture
def now() -> list[float]:
    """Seconds that have gone by, for a test to change."""
    return [7000.0]


@pytest.fixture
def counters(now: list[float]) -> Counts:
    return Counts(clock=lambda: NOW, beat=lambda: now[0])


def test_it_counts_until_its_time_is_over(now: list[float], counters: Counts) -> None:
    assert [counters.incr("a", 60), counters.incr("a", 60, 2), counters.incr("b", 60)] == [1, 3, 1]
    assert counters.get_expiry("a") == NOW + 60
    now[0] += 59
    assert counters.get("a") == 3
    now[0] += 1
    assert counters.get("a") == 0
    assert counters.incr("a", 60) == 1


def test_a_clock_that_is_set_back_does_not_keep_anybody_out(now: list[float]) -> None:
    # Given a counter, and a wall clock that is then set back by a day
    clock = [NOW]
    counters = Counts(clock=lambda: clock[0], beat=lambda: now[0])
    counters.incr("a", 60)
    clock[0] -= 86400
    # When its time is over, Then it is, and until then it was told in the time that the clock has
    now[0] += 30
    assert (counters.get("a"), counters.get_expiry("a")) == (1, clock[0] + 30)
    now[0] += 30
    assert counters.get("a") == 0


def test_what_is_over_is_forgotten(now: list[float], counters: Counts) -> None:
    # Given many counters of which all but one are over
    for number in range(100):
        counters.incr(f"old{number}", 10)
    now[0] += 30
    counters.incr("new", 60)
    # When some time has gone by, Then only that one is kept
    now[0] += 31
    counters.incr("new", 60)
    assert counters.reset() == 1
    assert counters.get("new") == 0


def test_what_was_never_counted_is_nothing(counters: Counts) -> None:
    assert counters.get("a") == 0
    assert counters.get_expiry("a") == NOW
    counters.clear("a")
    assert counters.check()


def test_threads_count_together_and_none_is_started(serve: Serve) -> None:
    # Given many threads that ask at once
    client = serve("web.rate = 1000000")
    statuses: list[int] = []
    before = threading.active_count()

    def ask() -> None:
        statuses.extend(client.application.test_client().get("/healthz").status_code for _ in range(50))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert threading.active_count() <= before + len(threads)
    for thread in threads:
        thread.join()
    # Then all are answered, and there is no thread but theirs
    assert statuses == [200] * 400


def test_no_count_is_lost_between_threads() -> None:
    counters = Counts()

    def count() -> None:
        for _ in range(1000):
            counters.incr("a", 60)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counters.get("a") == 4000
