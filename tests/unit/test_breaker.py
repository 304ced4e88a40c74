"""The circuit breaker: who may ask, and when."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from lane_milter.breaker import Breaker


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(failures=3, reset=5.0, clock=clock)


def fail(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        breaker.failed()


def test_it_opens_after_so_many_failures_in_a_row(breaker: Breaker) -> None:
    fail(breaker, 2)
    assert breaker.allows()
    fail(breaker, 1)
    assert not breaker.allows()


def test_a_success_in_between_starts_the_count_again(breaker: Breaker) -> None:
    fail(breaker, 2)
    breaker.succeeded()
    fail(breaker, 2)
    assert breaker.allows()


def test_after_a_while_one_caller_may_try_and_the_others_may_not(breaker: Breaker, clock: Clock) -> None:
    # Given an open breaker
    fail(breaker, 3)
    # When its time is up
    clock.now += 5.0
    # Then one of many may try
    assert [breaker.allows() for _ in range(4)] == [True, False, False, False]


def test_a_trial_that_succeeds_closes_it(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, 3)
    clock.now += 5.0
    assert breaker.allows()
    breaker.succeeded()
    assert breaker.allows()
    assert breaker.allows()


def test_a_trial_that_fails_leaves_it_open_for_as_long_again(breaker: Breaker, clock: Clock) -> None:
    # Given a trial that took a second and failed
    fail(breaker, 3)
    clock.now += 5.0
    assert breaker.allows()
    clock.now += 1.0
    breaker.failed()
    # Then the time is counted from there
    clock.now += 4.9
    assert not breaker.allows()
    clock.now += 0.1
    assert breaker.allows()


def test_a_trial_that_never_ends_does_not_keep_it_open_for_ever(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, 3)
    clock.now += 5.0
    assert breaker.allows()
    clock.now += 5.0
    assert breaker.allows()


def test_callers_that_wait_for_the_service_do_not_wait_for_each_other(breaker: Breaker) -> None:
    # Given a service that answers only when eight callers ask at the same time
    together = Barrier(8)

    def ask(_: int) -> bool:
        allowed = breaker.allows()
        together.wait(timeout=10)
        breaker.succeeded()
        return allowed

    # When eight callers ask
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))
    # Then all of them are answered
    assert answers == [True] * 8
