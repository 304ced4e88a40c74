"""Mail that can wait waits for an hour at which its domain takes it."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from lanes.schedule.hours import Hours, good, good_from, step

HOUR = 3600.0
MIDNIGHT = 1_700_006_400.0  # 2023-11-15 00:00 UTC


def learned(rates: dict[int, float], days: int = 10, each: int = 20) -> Hours:
    """Attempts around the clock, of which these parts were deferred in these hours, elsewhere none."""
    hours = Hours()
    for number in range(days * 24 * each):
        at = MIDNIGHT + number * HOUR / each
        part = rates.get(number // each % 24, 0.0)
        hours = step(hours, at, deferred=number % each < part * each)
    return hours


def test_mail_waits_for_the_better_hour() -> None:
    # Given a domain that defers half of what it gets from nine to eleven
    hours = learned({9: 0.5, 10: 0.5})

    assert good_from(hours, MIDNIGHT + 9.25 * HOUR, MIDNIGHT + 24 * HOUR) == MIDNIGHT + 11 * HOUR


def test_mail_that_cannot_wait_so_long_goes_now() -> None:
    hours = learned({9: 0.5, 10: 0.5})
    now = MIDNIGHT + 9.25 * HOUR

    assert good_from(hours, now, MIDNIGHT + 11 * HOUR) == now


def test_no_mail_waits_for_a_domain_that_is_the_same_all_day() -> None:
    now = MIDNIGHT + 9 * HOUR

    assert good_from(Hours(), now, now + 24 * HOUR) == now
    assert good_from(learned(dict.fromkeys(range(24), 0.4)), now, now + 24 * HOUR) == now


def test_a_single_bad_experience_is_no_rule() -> None:
    now = MIDNIGHT + 9 * HOUR

    assert good_from(step(Hours(), now, deferred=True), now, now + 24 * HOUR) == now


def test_what_was_long_ago_is_forgotten() -> None:
    # Given an hour that was bad for long
    hours = learned({9: 1.0}, days=30)

    # When it has been good for two weeks
    for day, number in product(range(30, 44), range(20)):
        hours = step(hours, MIDNIGHT + (24 * day + 9) * HOUR + number, deferred=False)

    assert hours.rate(9) < 0.05


def test_an_hour_that_mail_avoids_is_tried_again_after_a_while() -> None:
    # Given an hour that was bad, and at which nothing is sent any more
    hours, now = learned({9: 1.0}), MIDNIGHT + (10 * 24 + 9) * HOUR
    assert good_from(hours, now, now + 24 * HOUR) > now
    days = 0
    while good_from(hours, now, now + 24 * HOUR) > now:
        hours = step(hours, now + HOUR, deferred=False)
        now, days = now + 24 * HOUR, days + 1

    assert 5 <= days <= 20


def test_the_good_hours_are_those_that_defer_clearly_less_than_the_worst() -> None:
    assert good(learned({9: 0.5, 10: 0.4})) == (*range(9), *range(11, 24))
    assert good(learned({9: 0.05})) == good(Hours()) == tuple(range(24))
    assert good(learned(dict.fromkeys(range(24), 0.9))) == tuple(range(24))


STORY = st.lists(st.tuples(st.floats(0, 1e9), st.booleans()), max_size=60)


@given(STORY, st.floats(0, 1e9), st.floats(-1e5, 1e5))
def test_no_mail_waits_past_the_latest_instant(story: list[tuple[float, bool]], now: float, wait: float) -> None:
    hours = Hours()
    for at, deferred in story:
        hours = step(hours, at, deferred)

    assert now <= good_from(hours, now, now + wait) <= max(now, now + wait)
