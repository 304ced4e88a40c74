"""When a deferred message is tried again."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanes.config.load import parse
from lanes.config.model import Retry
from lanes.config.units import Seconds
from lanes.schedule.retry import choose, next_attempt, pause
from lanes.schedule.view import Deferred, Domain

LANES = parse("").lanes
LAST, LIFETIME = 1_700_000_000.0, 5 * 86400.0


@pytest.mark.parametrize(
    ("lane", "pauses"),
    [
        ("priority", [30, 30, 30, 30, 30, 30]),
        ("normal", [60, 120, 240, 480, 900, 900]),
        ("bulk", [900, 900, 900, 900, 900, 900]),
    ],
)
def test_each_lane_keeps_its_own_schedule(lane: str, pauses: list[float]) -> None:
    assert [pause(LANES[lane].retry, attempts) for attempts in range(1, 7)] == pauses


def test_the_next_attempt_is_counted_from_the_last() -> None:
    assert next_attempt(LANES["normal"].retry, 3, LAST, LAST + LIFETIME) == LAST + 240


def test_a_lane_without_a_schedule_leaves_retries_to_the_mta() -> None:
    assert next_attempt(Retry(), 1, LAST, LAST + LIFETIME) is None


def test_there_is_no_attempt_after_the_lifetime() -> None:
    assert next_attempt(LANES["bulk"].retry, 9, LAST, LAST + 901) == LAST + 900
    assert next_attempt(LANES["bulk"].retry, 9, LAST, LAST + 900) is None


def test_a_growing_schedule_without_a_limit_ends_with_the_lifetime() -> None:
    retry = Retry(initial=Seconds(60), factor=10.0)

    assert pause(retry, 4000) == float("inf")
    assert next_attempt(retry, 4000, LAST, LAST + LIFETIME) is None


PAUSES = st.floats(1, 1e6).map(Seconds)


@given(
    st.one_of(
        st.builds(Retry, every=PAUSES),
        st.builds(Retry, initial=PAUSES, factor=st.floats(1, 1e9), max=st.one_of(st.none(), PAUSES)),
    )
)
def test_no_schedule_is_ever_faster_than_configured(retry: Retry) -> None:
    pauses = [pause(retry, attempts) for attempts in range(1, 50)]
    least = min(value for value in (retry.every, retry.initial, retry.max) if value is not None)

    assert all(seconds is not None and seconds >= least for seconds in pauses)
    assert all(a is not None and b is not None and a <= b for a, b in pairwise(pauses))


URGENT = [Deferred(f"p{number}", "priority", "a.example") for number in range(3)]
NORMAL = [Deferred(f"n{number}", "normal", "a.example") for number in range(3)]
BULK = [Deferred(f"b{number}", "bulk", f"{'ab'[number % 2]}.example") for number in range(6)]
OPEN = {("bulk", name): Domain(name, 0, 0.0, limit=500) for name in ("a.example", "b.example")}


def test_lanes_that_hold_are_tried_in_the_room_that_there_is_and_others_without() -> None:
    assert choose([*URGENT, *NORMAL, *BULK], LANES, OPEN, 4) == ([*URGENT, *NORMAL, BULK[0]], [])
    assert choose([*URGENT, *NORMAL], LANES, {}, -5) == (URGENT, [])


def test_a_domain_is_given_no_more_than_it_bears() -> None:
    # Given a domain that backs off, and one of which three of four places are taken
    domains = {
        ("bulk", "a.example"): Domain("a.example", 9, 1.0, limit=0),
        ("bulk", "b.example"): Domain("b.example", 9, 1.0, inflight=3, limit=4),
    }

    # Then one goes to the second, and neither keeps mail of other lanes
    going, later = choose([*BULK, *NORMAL], LANES, domains, 100)
    assert going == [BULK[1], *NORMAL]
    assert later == [BULK[0], BULK[2], BULK[3], BULK[4], BULK[5]]
