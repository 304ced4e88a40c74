"""What each lane is sure of, however busy the others are, and however little room there is."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lanes.config.load import parse
from lanes.schedule.plan import plan
from lanes.schedule.view import Due, LaneView
from lanes.simulate.mail import Mail
from lanes.simulate.pool import Pool

NOW = 1_700_000_000.0
#: All three lanes unbatched and held, so that all of them meet in the planner.
LANES = parse("""
[lanes.priority]
hold = "always"
[lanes.normal]
hold = "always"
share = 0.3
[lanes.bulk]
share = 0.1
batch = { size = 1, max_wait = "1s", streams = 1000 }
""").lanes


class Busy:
    """Every lane has more mail than can be sent, and the MTA delivers one message a tick."""

    def __init__(self, window: int) -> None:
        self.window = window
        self.pool = Pool(LANES, heads=5)
        self.mta: list[Mail] = []
        self.released: list[str] = []
        self.idle: Counter[str] = Counter()
        """Lane -> for how many ticks on end it has had nothing in the MTA."""
        self._ticks = itertools.count()

    def tick(self, deliver: int = 0) -> None:
        """Mail comes in, waves go out, and the MTA delivers the ``deliver``-th of what it has."""
        tick = next(self._ticks)
        for lane, rules in LANES.items():
            domain = "a.example" if rules.batch else ""
            self.pool.hold(Mail(NOW + tick + rules.sla, NOW + tick, f"{lane}{tick:05d}", lane, domain))
        for wave in plan(self.pool.views(NOW + tick), LANES, self.window, NOW + tick):
            taken = self.pool.claim(wave)
            self.mta += taken
            self.released += [mail.lane for mail in taken]
        for lane in LANES:
            self.idle[lane] = 0 if any(mail.lane == lane for mail in self.mta) else self.idle[lane] + 1
        self.pool.settle(self.mta.pop(deliver % len(self.mta)))


def test_with_room_for_one_message_a_tick_each_lane_has_its_share_of_what_is_sent() -> None:
    house = Busy(window=20)

    for _ in range(600):
        house.tick()

    counts = Counter(house.released[-400:])
    assert counts["normal"] >= 0.3 * 400 - 2
    assert counts["bulk"] >= 0.1 * 400 - 2
    assert counts["priority"] >= 0.6 * 400 - 4


@pytest.mark.parametrize("window", [1, 2, 3, 5])
def test_no_lane_with_a_share_starves_in_a_window_smaller_than_the_shares(window: int) -> None:
    house = Busy(window)

    for _ in range(60):
        house.tick()
        assert house.idle["normal"] <= len(LANES)
        assert house.idle["bulk"] <= len(LANES)


@settings(deadline=None, max_examples=40)
@given(st.integers(10, 40), st.lists(st.integers(0, 39), min_size=40, max_size=80))
def test_a_lane_that_occupies_nothing_is_next_whatever_the_mta_delivers_first(window: int, which: list[int]) -> None:
    house = Busy(window)

    for deliver in which:
        house.tick(deliver)
        assert house.idle["normal"] == 0
        assert house.idle["bulk"] == 0


def test_an_idle_share_is_used_by_the_others() -> None:
    heads = tuple(Due(f"p{i}", NOW + i, "") for i in range(100))

    assert sum(wave.count for wave in plan([LaneView("priority", 100, 0, 0, heads)], LANES, 50, NOW)) == 50


def test_a_lane_whose_mail_stays_long_is_sure_of_its_share_only() -> None:
    # Given bulk that fills the window with mail to slow destinations
    bulk = LaneView("bulk", 1000, 0, 99, ())
    normal = LaneView("normal", 50, 0, 0, tuple(Due(f"n{i}", NOW + 3000, "") for i in range(50)))

    # When one place falls free
    waves = plan([bulk, normal], LANES, 100, NOW)

    assert [(wave.lane, wave.count) for wave in waves] == [("normal", 1)]


@pytest.mark.parametrize(("bulk", "normal", "first"), [(0, 1, "bulk"), (5, 1, "normal"), (2, 8, "bulk")])
def test_if_not_all_shares_find_room_the_most_deprived_lane_comes_first(bulk: int, normal: int, first: str) -> None:
    # Given shares of 30 and 10 in a window that priority mail fills but for one place
    head = (Due("n", NOW + 3000, "", NOW),)
    due = (Due("b", NOW, "a.example", NOW),)
    views = [
        LaneView("priority", 0, 0, 99 - bulk - normal, ()),
        LaneView("normal", 1, 0, normal, head),
        LaneView("bulk", 1, 0, bulk, due),
    ]

    assert [wave.lane for wave in plan(views, LANES, 100, NOW)] == [first]
