"""How a soak judges what it saw: slopes of what jitters and jumps, and books of what is owed."""

from __future__ import annotations

import os
import random

import pytest

from contrib.sandbox.mail import mail
from contrib.sandbox.sink import Received
from tests.soak.judge import SHORTEST, Series, flat, slope, trend
from tests.soak.look import taken
from tests.soak.traffic import LATER, NUMBER_HEADER, REFUSED, Accounts, Item, item

HOUR = 3600.0


def grown(per_hour: float, start: float = 50.0, jitter: float = 0.0) -> Series:
    dice = random.Random(3)
    return [(at, start + per_hour * at / HOUR + dice.uniform(-jitter, jitter)) for at in map(float, range(0, 3600, 10))]


def arrival(number: int, to: str, sender: str = "a@origin.example") -> Received:
    headers = ((NUMBER_HEADER, str(number)),) if number else ()
    return Received(0.0, 1, sender, (to,), "", headers, 100)


def test_the_slope_is_seen_through_jitter_that_is_larger_than_it() -> None:
    assert slope(grown(4.0, jitter=5.0)) * HOUR == pytest.approx(4.0, abs=0.6)


def test_a_few_samples_that_are_far_off_do_not_tilt_it() -> None:
    series = [(at, 500.0 if at % 600 == 0 else size) for at, size in grown(0.0)]
    assert slope(series) == pytest.approx(0.0, abs=1e-9)


def test_what_fills_in_the_first_quarter_is_no_growth() -> None:
    # Given a program that takes up 30 MiB in its first ten minutes, and nothing after that
    series = [(at, 40.0 + min(at / 600, 1) * 30) for at, _ in grown(0.0)]
    found = trend(series)
    assert found.per_hour == pytest.approx(0.0)
    assert flat(found, HOUR) is True


def test_the_slope_is_told_an_hour_and_as_a_part_of_the_size() -> None:
    found = trend(grown(5.0, start=97.0))
    assert found.per_hour == pytest.approx(5.0)
    assert found.part_per_hour == pytest.approx(0.05, abs=0.001)
    assert found.last - found.first == pytest.approx(5 * 0.75 * 0.9, abs=0.1)


@pytest.mark.parametrize(("per_hour", "start", "expected"), [
    (0.9, 10.0, True),  # below a MiB an hour
    (1.2, 10.0, False),
    (1.2, 100.0, True),  # below 2 % an hour
    (2.5, 100.0, False),
    (-9.0, 100.0, True),  # it shrinks
])
def test_what_grows_by_little_counts_as_flat(per_hour: float, start: float, expected: bool) -> None:
    assert flat(trend(grown(per_hour, start)), HOUR) is expected


def test_a_short_run_is_not_judged() -> None:
    assert flat(trend(grown(50.0)), SHORTEST - 1) is None


def test_a_single_sample_has_no_slope() -> None:
    assert trend([(0.0, 7.0)]).per_hour == 0.0


def test_mail_is_owed_until_it_has_arrived_and_a_second_copy_is_one_too_many() -> None:
    # Given a message that is handed in
    accounts = Accounts()
    one = Item(5, "bulk", mail("News", "r5@a.example", sender="m5@origin.example"))
    accounts.owe(one)
    accounts.accepted(one)
    assert accounts.open() == {"bulk": 1}
    # When it arrives, nothing is owed any more
    accounts.paid([arrival(5, "r5@a.example")])
    assert accounts.open() == {}
    assert accounts.duplicated == 0
    # And when it arrives again, that is one too many
    accounts.paid([arrival(5, "r5@a.example")])
    assert accounts.duplicated == 1


def test_what_is_refused_is_owed_to_its_sender_as_a_bounce() -> None:
    accounts = Accounts()
    accounts.owe(Item(6, "normal", mail("Receipt", f"r6@{REFUSED}", sender="m6@origin.example")))
    accounts.paid([arrival(0, "m6@origin.example", sender="")])
    assert accounts.open() == {}


def test_what_nobody_answered_is_owed_to_nobody() -> None:
    accounts = Accounts()
    one = Item(7, "normal", mail("Receipt", "r7@a.example", sender="m7@origin.example"))
    accounts.owe(one)
    accounts.not_answered(one)
    assert accounts.open() == {}
    assert accounts.unanswered == 1


def test_the_mix_has_all_kinds_of_mail() -> None:
    dice = random.Random(1)
    items = [item(number, dice) for number in range(2000)]
    domains = {to.partition("@")[2] for one in items for to in one.mail.recipients}
    assert {one.lane for one in items} == {"priority", "normal", "bulk"}
    assert {LATER, REFUSED} < domains
    assert len(domains) > 100
    assert all(one.owed_to.endswith("origin.example") for one in items if one.mail.recipients[0].endswith(REFUSED))


def test_a_program_is_looked_at() -> None:
    ours = taken(os.getpid())
    assert ours.rss >= ours.pss > 0
    assert ours.rss >= ours.memory > 1
    assert ours.threads >= 1
    assert ours.fds >= 3
