"""When a domain's batch is ripe, and how it leaves."""

from __future__ import annotations

import pytest

from lanes.config.load import parse
from lanes.schedule.plan import plan
from lanes.schedule.view import Domain, Due, LaneView, Wave

NOW = 1_700_000_000.0
LANES = parse("").lanes  # bulk: SLA 24h, lead 10m, promoted at 30m, batches of 100, 1h, 5 streams
HOUR, MINUTE = 3600.0, 60.0


def domain(name: str, held: int, waited: float = MINUTE, **more: int) -> Domain:
    return Domain(name, held, NOW - waited, **more)


Domains = tuple[Domain, ...]


def bulk(*heads: Due, full: Domains = (), waited: Domains = (), begun: Domains = (), near: Domains = (),
         inflight: int = 0) -> LaneView:
    held = sum({one.name: one.held for one in (*full, *waited, *begun, *near)}.values())
    return LaneView("bulk", held, 0, inflight, heads, full, waited, begun, near)


def planned(view: LaneView, window: int = 1000) -> list[Wave]:
    return plan([view], LANES, window, NOW)


def test_a_hundred_leave_together_and_ninety_nine_do_not() -> None:
    assert planned(bulk(full=(domain("a.example", 100),))) == [Wave("bulk", "a.example", 100, "size")]
    assert planned(bulk(full=(domain("a.example", 99),))) == []


@pytest.mark.parametrize(("held", "leave"), [(199, 100), (200, 200), (350, 300), (901, 500)])
def test_batches_leave_whole_and_no_more_than_the_streams_take(held: int, leave: int) -> None:
    assert [wave.count for wave in planned(bulk(full=(domain("a.example", held),)))] == [leave]


def test_what_is_in_flight_to_a_domain_counts_against_its_streams() -> None:
    assert [wave.count for wave in planned(bulk(full=(domain("a.example", 500, inflight=470),)))] == [30]
    assert planned(bulk(full=(domain("a.example", 500, inflight=500),))) == []


def test_an_oldest_that_has_waited_takes_its_mates_along() -> None:
    assert planned(bulk(waited=(domain("a.example", 3, HOUR),))) == [Wave("bulk", "a.example", 3, "wait")]
    assert planned(bulk(waited=(domain("a.example", 3, HOUR - 1),))) == []


def test_a_wait_releases_one_batch_and_not_all_that_is_held() -> None:
    assert [wave.count for wave in planned(bulk(waited=(domain("a.example", 150, HOUR),)))] == [100]


def test_a_message_out_of_slack_leaves_by_name_and_its_mates_fill_the_batch() -> None:
    # Given 40 held for a domain, one of which is due in its lead time
    view = bulk(Due("x", NOW + 10 * MINUTE, "a.example"), near=(domain("a.example", 40),))

    assert planned(view) == [Wave("bulk", "a.example", 40, "deadline", ("x",))]


def test_a_message_with_slack_left_does_not_leave_for_it() -> None:
    assert planned(bulk(Due("x", NOW + 11 * MINUTE, "a.example"), near=(domain("a.example", 40),))) == []


def test_several_reasons_for_a_domain_make_one_wave() -> None:
    one = domain("a.example", 130, HOUR)
    view = bulk(Due("x", NOW + MINUTE, "a.example"), full=(one,), waited=(one,), near=(one,))

    assert planned(view) == [Wave("bulk", "a.example", 100, "deadline", ("x",))]


def test_more_messages_out_of_slack_than_a_batch_all_leave() -> None:
    heads = [Due(f"x{i}", NOW + i, "a.example") for i in range(120)]

    (wave,) = planned(bulk(*heads, near=(domain("a.example", 150),)))

    assert (wave.count, len(wave.ids)) == (120, 120)


def test_when_room_is_short_those_out_of_slack_leave_before_mates_fill_up() -> None:
    heads = [Due("x", NOW + MINUTE, "a.example"), Due("y", NOW + 2 * MINUTE, "b.example")]
    view = bulk(*heads, near=(domain("a.example", 40), domain("b.example", 40)))

    waves = planned(view, window=3)

    parts = [(wave.domain, wave.count, wave.ids) for wave in waves]
    assert parts == [("a.example", 2, ("x",)), ("b.example", 1, ("y",))]


def test_a_batch_that_finds_no_room_leaves_in_parts_and_its_rest_stays_owed() -> None:
    # Given a full batch and room for 60
    first = planned(bulk(full=(domain("a.example", 130),)), window=60)
    assert first == [Wave("bulk", "a.example", 60, "size", owed=40)]

    # When only the owed rest and what does not make a batch are left
    waves = planned(bulk(begun=(domain("a.example", 70, owed=40),)))

    # Then the rest leaves and the others wait
    assert waves == [Wave("bulk", "a.example", 40, "rest")]


def test_an_owed_rest_leaves_together_with_a_batch_that_has_filled_up_meanwhile() -> None:
    assert [wave.count for wave in planned(bulk(begun=(domain("a.example", 145, owed=40),)))] == [140]


def test_a_batch_that_has_begun_is_completed_and_then_others_have_their_turn() -> None:
    # Given a domain of which two batches were begun with 60 messages, and one that came later
    view = bulk(full=(domain("b.example", 100, 2 * MINUTE),), begun=(domain("a.example", 140, 5 * MINUTE, owed=140),))

    waves = planned(view, window=140)

    assert [(wave.domain, wave.count, wave.owed) for wave in waves] == [("a.example", 40, 100), ("b.example", 100, 0)]


def test_domains_take_turns_batch_by_batch_the_one_that_waits_longest_first() -> None:
    view = bulk(full=(domain("large.example", 900, 5 * MINUTE), domain("old.example", 100, 30 * MINUTE)))

    waves = planned(view, window=250)

    assert [(wave.domain, wave.count) for wave in waves] == [("old.example", 100), ("large.example", 150)]


def test_a_domain_with_a_limit_has_no_more_than_that_in_flight() -> None:
    probe = domain("slow.example", 300, limit=1)

    assert planned(bulk(full=(probe,))) == [Wave("bulk", "slow.example", 1, "size", owed=299)]
    assert planned(bulk(full=(probe._replace(inflight=1),))) == []
    assert planned(bulk(full=(probe._replace(limit=0),))) == []


def test_ripe_bulk_that_waits_for_room_until_its_slack_is_short_is_promoted() -> None:
    # Given normal mail, and a batch that has waited for nearly a day
    normal = LaneView("normal", 1, 0, 300, (Due("n", NOW + HOUR / 2 + 1, ""),))
    view = bulk(waited=(domain("a.example", 5, 23.6 * HOUR),), inflight=100)

    waves = plan([normal, view], LANES, 405, NOW)

    assert [(wave.lane, wave.count, wave.reason) for wave in waves] == [("bulk", 5, "promoted")]


def test_what_was_not_asked_is_left_to_the_claim() -> None:
    # Given a due head of a domain of which nothing else is known
    assert planned(bulk(Due("x", NOW, "a.example"))) == [Wave("bulk", "a.example", 100, "deadline", ("x",))]


def test_a_domain_may_have_a_batch_size_and_a_wait_of_its_own() -> None:
    lanes = parse("""
    [lanes.bulk.batch.domains."small.example"]
    size = 20
    max_wait = "10m"
    streams = 1
    """).lanes
    view = bulk(
        full=(domain("small.example", 65), domain("other.example", 65)),
        waited=(domain("small.example", 65), domain("other.example", 65, 11 * MINUTE)),
    )

    assert plan([view], lanes, 500, NOW) == [Wave("bulk", "small.example", 20, "size", owed=40)]


def test_a_lane_has_no_more_in_flight_than_its_own_bound() -> None:
    lanes = parse("[lanes.bulk]\nmax_inflight = 150").lanes

    def leaving(inflight: int) -> list[int]:
        view = bulk(full=(domain("a.example", 100),), inflight=inflight)
        return [wave.count for wave in plan([view], lanes, 900, NOW)]

    assert leaving(inflight=0) == [100]
    assert leaving(inflight=80) == [70]
    assert leaving(inflight=150) == []
    assert leaving(inflight=200) == []
