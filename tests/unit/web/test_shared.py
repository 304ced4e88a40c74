"""Answers that are made once for many."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import msgspec
import pytest
from redis import ConnectionError as RedisConnectionError

from lanes.web.glances import AGE, Shared
from lanes.web.this_minute import MOST, ThisMinute


class Clock:
    """A clock that a test sets, and a count of what was made."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.made = 0

    def __call__(self) -> float:
        return self.now

    def make(self) -> int:
        self.made += 1
        return self.made


@pytest.fixture
def clock() -> Clock:
    return Clock()


def read(raw: msgspec.Raw) -> int:
    return msgspec.json.decode(raw, type=int)


def test_a_glance_is_taken_again_only_when_it_is_old(clock: Clock) -> None:
    shared = Shared(clock.make, clock)
    assert [read(shared()), read(shared())] == [1, 1]
    clock.now += AGE
    assert [read(shared()), read(shared())] == [2, 2]


class Slow:
    """Makes answers as slowly as a test likes."""

    def __init__(self) -> None:
        self.begun, self.go = threading.Event(), threading.Event()
        self.made = 0

    def __call__(self) -> int:
        self.begun.set()
        assert self.go.wait(20)
        self.made += 1
        return self.made


@pytest.fixture
def slow() -> Iterator[Slow]:
    making = Slow()
    yield making
    making.go.set()


def asking(shared: Shared, count: int) -> tuple[list[threading.Thread], list[int]]:
    """So many who ask at once, and what they are told."""
    told: list[int] = []
    threads = [threading.Thread(target=lambda: told.append(read(shared()))) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads, told


def test_who_comes_first_makes_it_and_the_others_wait(slow: Slow, clock: Clock) -> None:
    # Given many who ask before there is any answer
    threads, told = asking(Shared(slow, clock), 8)
    assert slow.begun.wait(20)
    slow.go.set()
    for thread in threads:
        thread.join(20)
    # Then it was made once
    assert told == [1] * 8


def test_while_one_renews_it_the_others_take_it_as_it_is(slow: Slow, clock: Clock) -> None:
    # Given an answer that is old, and somebody who makes it anew
    shared = Shared(slow, clock)
    slow.go.set()
    assert read(shared()) == 1
    slow.go.clear()
    slow.begun.clear()
    clock.now += AGE
    threads, told = asking(shared, 1)
    assert slow.begun.wait(20)
    # Then others are answered meanwhile
    assert read(shared()) == 1
    # But not when it is too old: they wait
    clock.now += AGE
    waiting, heard = asking(shared, 3)
    slow.go.set()
    for thread in (*threads, *waiting):
        thread.join(20)
    assert told == [2]
    assert set(heard) <= {2, 3}


def test_that_redis_is_away_is_shared_and_so_is_that_it_is_back(clock: Clock) -> None:
    # Given a Redis that does not answer
    tried = []

    def fail() -> int:
        tried.append(clock.now)
        if clock.now == 1000.0:
            raise RedisConnectionError("away")
        return 7

    shared = Shared(fail, clock)
    for _ in range(3):
        with pytest.raises(RedisConnectionError):
            shared()
    # Then it was asked once, and is asked again later
    assert len(tried) == 1
    clock.now += AGE
    assert read(shared()) == 7


def test_an_answer_is_good_until_the_minute_is_over(clock: Clock) -> None:
    clock.now = 600.0
    kept = ThisMinute(clock)
    assert kept.known("a") is None
    assert [read(kept.answer("a", clock.make)), read(kept.answer("a", clock.make))] == [1, 1]
    assert read(kept.answer("b", clock.make)) == 2
    clock.now = 659.9
    assert kept.known("a") is not None
    clock.now = 660.0
    assert kept.known("a") is None
    assert read(kept.answer("a", clock.make)) == 3


def test_an_answer_that_fails_is_none(clock: Clock) -> None:
    kept = ThisMinute(clock)

    def fail() -> int:
        raise ValueError("not now")

    with pytest.raises(ValueError, match="not now"):
        kept.answer("a", fail)
    assert read(kept.answer("a", clock.make)) == 1


def test_no_more_than_so_many_are_kept(clock: Clock) -> None:
    kept = ThisMinute(clock)
    for number in range(MOST):
        kept.answer(number, clock.make)
    assert all(kept.known(number) for number in range(MOST))
    kept.answer("one more", clock.make)
    assert kept.known("one more") is not None
    assert sum(kept.known(number) is not None for number in range(MOST)) < MOST
