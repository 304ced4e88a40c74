"""When more is late than can be made good, the planner saves what can be saved."""

from __future__ import annotations

import pytest

from lanes.config.load import parse
from lanes.schedule.plan import plan
from lanes.schedule.view import Domain, Due, LaneView

NOW = 1_700_000_000.0
LANES = parse("").lanes
LATE = tuple(Due(f"late{i}", NOW - 1000 + i, "") for i in range(40))
TIMELY = tuple(Due(f"timely{i}", NOW + 100 + i, "") for i in range(40))


def normal(late: int) -> LaneView:
    return LaneView("normal", late + 40, 0, 0, LATE, late=late, timely=TIMELY)


def released(view: LaneView, window: int) -> list[str]:
    return [id for wave in plan([view], LANES, window, NOW) for id in wave.ids]


def test_as_much_late_mail_as_the_window_takes_simply_goes_first() -> None:
    assert released(normal(late=20), window=20) == [head.id for head in LATE[:20]]


def test_beyond_that_one_place_of_ten_is_for_late_mail_and_the_others_for_what_can_be_saved() -> None:
    ids = released(normal(late=1000), window=20)

    assert len(ids) == 20
    assert sum(id.startswith("late") for id in ids) == 2
    assert [id for id in ids if id.startswith("timely")] == [head.id for head in TIMELY[:18]]


def test_late_mail_has_the_room_that_timely_mail_leaves() -> None:
    ids = released(normal(late=1000)._replace(timely=TIMELY[:3]), window=20)

    assert sum(id.startswith("late") for id in ids) == 17


@pytest.mark.parametrize("served", [60])
def test_late_mail_has_its_turn_also_where_one_message_leaves_at_a_time(served: int) -> None:
    # Given a lane that gets one place a tick
    late, timely, order = list(LATE), [Due(f"t{i:03d}", NOW + 100 + i, "") for i in range(100)], []

    # When it is served again and again
    for _ in range(served):
        view = LaneView("normal", 1000, 0, 0, tuple(late[:5]), late=900, timely=tuple(timely[:5]))
        (id,) = released(view, window=1)
        (late if id.startswith("late") else timely).pop(0)
        order.append(id)

    # Then late mail has had a part of the turns, and not much more than a tenth
    assert 2 <= sum(id.startswith("late") for id in order) <= 14


def test_a_batched_lane_saves_by_name_and_still_makes_one_wave_a_domain() -> None:
    # Given bulk of which a thousand are overdue
    late = tuple(Due(f"late{i}", NOW - 1000 + i, "ab"[i % 2]) for i in range(40))
    timely = tuple(Due(f"timely{i}", NOW + 400 + i, "ab"[i % 2]) for i in range(40))
    known = tuple(Domain(name, 700, NOW - 90_000) for name in "ab")
    view = LaneView("bulk", 1400, 0, 0, late, waited=known, near=known, late=1000, timely=timely)

    waves = plan([view], LANES, 20, NOW)

    assert sorted(wave.domain for wave in waves) == ["a", "b"]
    assert sum(wave.count for wave in waves) == 20
    assert sum(id.startswith("timely") for wave in waves for id in wave.ids) == 18


def test_a_domain_is_not_asked_for_more_than_it_holds() -> None:
    # Given a domain that holds six, of which two can still be saved
    late = tuple(Due(f"late{i}", NOW - 1000, "a") for i in range(4))
    timely = tuple(Due(f"timely{i}", NOW + 400, "a") for i in range(2))
    known = (Domain("a", 6, NOW - 90_000),)
    view = LaneView("bulk", 1400, 0, 0, late, waited=known, near=known, late=1000, timely=timely)

    (wave,) = plan([view], LANES, 500, NOW)

    assert (wave.count, wave.owed) == (6, 0)


@pytest.mark.parametrize(("limit", "leave"), [(0, []), (1, [1]), (5, [5])])
def test_a_domain_that_backs_off_is_not_hurried(limit: int, leave: list[int]) -> None:
    late = tuple(Due(f"late{i}", NOW - 1000, "a") for i in range(20))
    timely = tuple(Due(f"timely{i}", NOW + 400, "a") for i in range(20))
    known = (Domain("a", 900, NOW - 90_000, limit=limit),)
    view = LaneView("bulk", 1400, 0, 0, late, waited=known, near=known, late=1000, timely=timely)

    assert [wave.count for wave in plan([view], LANES, 500, NOW)] == leave


def test_timely_bulk_that_is_not_ripe_stays() -> None:
    # Given a domain that holds only fresh mail
    timely = (Due("fresh", NOW + 80_000, "new.example", NOW - 10),)
    view = LaneView("bulk", 1000, 0, 0, (), near=(Domain("new.example", 1, NOW - 10),), late=999, timely=timely)

    assert plan([view], LANES, 20, NOW) == []
