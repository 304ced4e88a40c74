"""Who goes first: deadlines within a lane, ranks and promotion across lanes."""

from __future__ import annotations

import pytest

from lanes.config.load import parse
from lanes.schedule.plan import plan
from lanes.schedule.view import Due, LaneView

NOW = 1_700_000_000.0
LANES = parse("").lanes  # priority (SLA 5m), normal (1h, share 0.3, promoted at 5m), bulk (24h, share 0.1)


def view(lane: str, *heads: Due, behind: int = 0, inflight: int = 0, releasing: int = 0) -> LaneView:
    return LaneView(lane, len(heads) + behind, releasing, inflight, heads)


def due(id: str, slack: float, accepted: float = 0.0) -> Due:
    return Due(id, NOW + slack, "", accepted)


def test_an_empty_house_has_nothing_to_do() -> None:
    assert plan([view(name) for name in LANES], LANES, 200, NOW) == []
    assert plan([], LANES, 200, NOW) == []


def test_within_a_lane_the_earliest_deadline_goes_first() -> None:
    heads = [due("a", 1000), due("b", 2000), due("c", 3000)]

    waves = plan([view("normal", *heads)], LANES, 2, NOW)

    assert [(wave.ids, wave.count, wave.reason) for wave in waves] == [(("a", "b"), 2, "turn")]


def test_equal_deadlines_go_by_acceptance_also_across_lanes() -> None:
    # Given overdue bulk, which competes with normal mail, and a normal message of the same deadline
    bulk = LaneView("bulk", 1, 0, 30, (Due("bulk", NOW + 600, "a.example", NOW - 900),))
    normal = view("normal", due("normal", 600, accepted=NOW - 1000), inflight=60)

    # When there is room for one
    waves = plan([normal, bulk], LANES, 91, NOW)

    # Then the one that was accepted first has it
    assert [wave.ids for wave in waves] == [("normal",)]


def test_no_more_leaves_than_the_window_has_room_for() -> None:
    busy = [view("priority", inflight=3), view("normal", due("a", 10), due("b", 20), inflight=2, releasing=4)]

    assert sum(wave.count for wave in plan(busy, LANES, 10, NOW)) == 1
    assert plan(busy, LANES, 9, NOW) == []
    assert plan(busy, LANES, 5, NOW) == []


def test_what_is_behind_the_heads_is_released_by_number() -> None:
    waves = plan([view("normal", due("a", 1000), behind=500)], LANES, 200, NOW)

    assert [(wave.ids, wave.count) for wave in waves] == [(("a",), 200)]


def test_the_more_urgent_lane_has_the_room_that_no_share_claims() -> None:
    # Given normal and bulk at their shares
    views = [view("priority", due("p", 200)), view("normal", due("n", 2000), inflight=30)]

    waves = plan(views, LANES, 31, NOW)

    assert [wave.ids for wave in waves] == [("p",)]


def test_a_message_whose_slack_is_short_competes_in_the_lane_above() -> None:
    # Given priority mail with more slack than a normal message that has less than promote_at
    views = [view("priority", due("p", 250)), view("normal", due("n", 200), due("m", 900), inflight=30)]

    waves = plan(views, LANES, 31, NOW)

    assert [(wave.lane, wave.ids, wave.reason) for wave in waves] == [("normal", ("n",), "promoted")]


def test_promotion_does_not_lift_the_rest_of_the_lane() -> None:
    views = [view("priority", due("p", 250)), view("normal", due("n", 200), due("m", 900), inflight=30)]

    waves = plan(views, LANES, 33, NOW)

    assert [(wave.ids, wave.reason) for wave in waves] == [(("n",), "promoted"), (("p",), "turn"), (("m",), "turn")]


def test_there_is_no_lane_above_the_first() -> None:
    assert [wave.reason for wave in plan([view("priority", due("p", -10))], LANES, 9, NOW)] == ["turn"]


def test_overdue_mail_goes_first_in_the_lane_above_its_own() -> None:
    views = [view("priority", due("p", 1)), view("normal", due("late", -60), inflight=30)]

    assert plan(views, LANES, 31, NOW)[0].ids == ("late",)


def test_overdue_bulk_does_not_stand_before_urgent_mail() -> None:
    # Given more overdue bulk than the window takes
    late = tuple(Due(f"b{i}", NOW - 60, "a.example", NOW - 90_000) for i in range(50))
    views = [view("priority", due("p", 200)), LaneView("bulk", 50, 0, 20, late)]

    # When there is room for one message beyond its share
    waves = plan(views, LANES, 21, NOW)

    assert [wave.ids for wave in waves] == [("p",)]


def test_mail_in_a_lane_that_is_not_configured_only_fills_the_window() -> None:
    views = [view("retired", due("x", 5), inflight=8), view("normal", due("a", 1000), due("b", 1000))]

    assert [(wave.lane, wave.count) for wave in plan(views, LANES, 9, NOW)] == [("normal", 1)]


@pytest.mark.parametrize("window", [0, -1])
def test_a_closed_window_lets_nothing_out(window: int) -> None:
    assert plan([view("normal", due("a", -5))], LANES, window, NOW) == []
