"""The lanes in the simulator: what passes, waits, is demoted, refused, tried again, and by which relay it goes."""

from __future__ import annotations

import pytest

from lanes.config.load import parse as parse_settings
from lanes.simulate.run import simulate
from lanes.simulate.trace import Row
from lanes.simulate.world import parse
from tests.unit.simulate.scenes import BEGAN, Witness

STEADY = "destination = { seconds = 1, spread = 0 }\n"


def run(rows: list[Row], settings: str = "", world: str = STEADY, *, plain: bool = False) -> Witness:
    return simulate(rows, parse_settings(settings), parse(world), Witness, plain=plain)


def mail(lane: str, *, at: float = 0.0, count: int = 1, domain: str = "a.example", sender: str = "") -> list[Row]:
    return [Row(BEGAN + at, domain, lane, sender) for _ in range(count)]


def ended(tally: Witness, number: int) -> float:
    """Seconds from the trace's beginning until a message ended."""
    return next(at - BEGAN for id, at, _ in tally.ends if id == f"{number:x}")


def test_bulk_waits_for_company_or_its_time_and_urgent_mail_for_nothing() -> None:
    # Given a batch of two and one that stays alone
    settings = 'lanes.bulk.batch = { size = 2, max_wait = "10m", streams = 1 }'
    rows = mail("priority") + mail("bulk", count=2, domain="b.example") + mail("bulk", domain="c.example")

    tally = run(rows, settings)

    assert ended(tally, 0) == pytest.approx(1.0)
    assert 1.0 < ended(tally, 1) == ended(tally, 2) < 2.0
    assert 601.0 < ended(tally, 3) < 602.0
    assert tally.lanes["bulk"].waves == {"size": 1, "wait": 1}


def test_a_full_lane_asks_the_sender_to_come_back_and_everybody_is_served_in_the_end() -> None:
    # Given a lane that takes three, of which a sender has five
    tally = run(mail("normal", count=5), "lanes.normal.max_size = 3", "returns = 60\n" + STEADY)

    assert tally.lanes["normal"].refused == 2
    assert tally.outcomes == {"sent": 5}
    assert ended(tally, 4) == pytest.approx(61.0)


def test_a_sender_over_its_quota_goes_one_lane_down_with_that_lanes_deadline() -> None:
    settings = 'lanes.priority.quota = { messages = 60, period = "1h", burst = 2 }'

    tally = run(mail("priority", count=3, sender="app@x.example") + mail("priority", sender="web@x.example"), settings)

    assert (tally.lanes["priority"].messages, tally.lanes["normal"].messages) == (3, 1)


def test_a_lane_of_its_own_schedule_is_faster_than_the_mta() -> None:
    # Given urgent and bulk mail that is put off once; urgent mail is tried again every 30 seconds
    rows = [Row(BEGAN, "a.example", lane, deferrals=1, dsn="4.2.2") for lane in ("priority", "bulk")]
    settings = 'lanes.bulk.batch = { size = 1, max_wait = "1m", streams = 1 }'

    tally = run(rows, settings)
    plain = run(rows, settings, plain=True)

    assert 31.0 < ended(tally, 0) < 35.0
    assert ended(tally, 1) > 300.0
    assert 600.0 < ended(plain, 0) < 605.0


def test_a_domain_that_puts_mail_off_is_left_alone_and_then_probed() -> None:
    # Given a domain that is down for the first minutes, and three batches for it
    settings = 'lanes.bulk.batch = { size = 4, max_wait = "1h", streams = 1 }'
    world = f'{STEADY}[destinations."a.example"]\ntimeout = 1\ndown = [{{ after = 0, lasts = "90s" }}]'

    tally = run(mail("bulk", count=12), settings, world)

    # Then one batch finds out, one message tries, and the rest goes when that is through
    assert [len(ids) for _, ids, _, _ in tally.waves][:2] == [4, 1]
    assert tally.outcomes == {"sent": 12}


def test_relays_are_chosen_paid_for_and_left_alone_when_they_are_down() -> None:
    # Given a cheap relay that goes down, and a dear one
    settings = """
    [relays.cheap]
    transport = "cheap"
    nexthop = "cheap.example"
    cost = 0.001
    [relays.dear]
    transport = "dear"
    nexthop = "dear.example"
    cost = 0.02
    lanes.normal.preference = "economy"
    """.replace("lanes.normal.preference", "[lanes.normal]\npreference")
    world = f'{STEADY}[relays.cheap]\ntimeout = 1\ndown = [{{ after = "1m", lasts = "1h" }}]'
    rows = [one for at in range(0, 200, 2) for one in mail("normal", at=at)]

    tally = run(rows, settings, world)

    # Then mail went by the cheap one before, and by the dear one after
    micro = tally.lanes["normal"].micro
    assert tally.outcomes == {"sent": 100}
    assert 30 * 1_000 + 60 * 20_000 <= micro <= 40 * 1_000 + 70 * 20_000


def test_mail_in_a_lane_under_its_alias_is_of_that_lane_and_under_no_lane_of_the_default() -> None:
    tally = run(mail("urgent") + mail("") + mail("weekly"))

    assert {name: lane.messages for name, lane in tally.lanes.items()} == {"priority": 1, "normal": 2, "bulk": 0}


def test_a_plain_postfix_holds_nothing_and_is_judged_by_the_same_deadlines() -> None:
    # Given more bulk before an urgent message than the destination takes in five minutes
    rows = mail("bulk", count=400) + mail("priority")
    world = "destination = { seconds = 1, spread = 0, rate = 1 }"

    tally, plain = run(rows, "manager.window = 5", world), run(rows, world=world, plain=True)

    assert (tally.lanes["priority"].missed, plain.lanes["priority"].missed) == (0, 1)
    assert not plain.waves
