"""A domain that defers backs off as a whole, is probed with one message, and is learned from."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanes.config.load import parse
from lanes.config.model import Batch
from lanes.config.units import Seconds
from lanes.schedule.domains import Backoff, Health, Tried, is_domains_fault, limit, step
from lanes.schedule.plan import plan
from lanes.schedule.view import Domain, LaneView

BATCH = Batch(size=100, max_wait=Seconds(3600), streams=5)
BACKOFF = Backoff(first=60, longest=3600)
NEW = Health.of(BATCH)


def after(health: Health, *tried: Tried) -> Health:
    for one in tried:
        health = step(health, BATCH, BACKOFF, one)
    return health


def delivered(at: float, latency: float = 0.2) -> Tried:
    return Tried(at, deferred=False, latency=latency)


def deferred(at: float) -> Tried:
    return Tried(at, deferred=True, latency=0.0)


def test_a_domain_of_which_nothing_is_known_has_what_the_lane_allows() -> None:
    assert limit(NEW, now=0) == 500


def test_a_deferral_closes_the_domain_and_then_lets_one_message_probe() -> None:
    health = after(NEW, delivered(1), deferred(10))

    assert limit(health, now=11) == 0
    assert limit(health, now=69.9) == 0
    assert limit(health, now=70) == 1


def test_the_planner_sends_the_probe_and_keeps_the_batch() -> None:
    # Given a closed domain whose time has come, with a batch held for it
    health = after(NEW, deferred(10))
    held = Domain("a.example", 100, 1.0, limit=limit(health, now=80))

    (wave,) = plan([LaneView("bulk", 100, 0, 0, (), full=(held,))], parse("").lanes, 200, now=80)

    assert (wave.count, wave.owed) == (1, 99)


def test_a_probe_that_is_delivered_opens_the_domain() -> None:
    health = after(NEW, deferred(10), delivered(75))

    assert health.failures == 0
    assert limit(health, now=76) == 50 * 5  # the wave that was too much, halved


def test_a_probe_that_is_deferred_closes_it_for_twice_as_long_up_to_a_limit() -> None:
    health, closed, now = NEW, [], 10.0
    for _ in range(8):
        health = after(health, deferred(now))
        closed.append(health.closed_until - now)
        now = health.closed_until

    assert closed == [60, 120, 240, 480, 960, 1920, 3600, 3600]


def test_what_was_under_way_when_it_closed_changes_nothing() -> None:
    # Given a batch in flight, of which the first is deferred
    closed = after(NEW, deferred(10))

    # When others of it are deferred or delivered
    health = after(closed, deferred(11), delivered(12), deferred(13))

    # Then it stays closed as it was
    assert (health.closed_until, health.failures, health.size) == (closed.closed_until, 1, closed.size)


def test_waves_grow_back_to_the_configured_size() -> None:
    health = after(NEW, deferred(10), deferred(80), deferred(300))
    assert int(health.size) == 12

    health = after(health, *(delivered(1000 + i) for i in range(600)))

    assert limit(health, now=2000) == 500


def test_a_domain_that_slows_down_under_load_loses_streams_and_gets_them_back() -> None:
    health = after(NEW, *(delivered(i) for i in range(50)))

    slow = after(health, *(delivered(100 + i, latency=2.0) for i in range(300)))
    fast = after(slow, *(delivered(500 + i) for i in range(800)))

    assert (int(health.streams), int(slow.streams), int(fast.streams)) == (5, 2, 5)


@pytest.mark.parametrize(
    ("dsn", "fault"),
    [("4.7.1", True), ("4.4.1", True), ("4.3.2", True), ("", True), ("4.2.2", False), ("4.1.8", False)],
)
def test_a_full_mailbox_is_no_fault_of_the_domain(dsn: str, fault: bool) -> None:
    assert is_domains_fault(dsn) is fault


TRIED = st.builds(Tried, st.floats(0, 1e6), st.booleans(), st.floats(0, 1e4))


@given(st.lists(TRIED, max_size=100))
def test_what_is_learned_stays_within_the_bounds(story: list[Tried]) -> None:
    health = NEW
    for tried in story:
        health = after(health, tried)
        assert 1 <= health.size <= BATCH.size
        assert 1 <= health.streams <= BATCH.streams
        assert 0 <= health.deferral_rate <= 1
        assert health.closed_until <= max(one.at for one in story) + BACKOFF.longest
        assert limit(health, now=2e6) >= 1
