"""The window opens on an idle MTA until the MTA is the limit, and closes before urgent mail feels bulk."""

from __future__ import annotations

import itertools
from collections.abc import Collection

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lanes.schedule.window import Limits, Phase, Seen, Waited, Window, step
from lanes.simulate.mail import Mail
from lanes.simulate.postfix import Postfix, Told
from lanes.simulate.world import parse

LIMITS = Limits(minimum=10, maximum=5000, target=0.5, interval=10)
TICK = 0.2


def seen(urgent: Collection[float], bulk: Collection[float], inflight: int, fresh: int = 0) -> Seen:
    """What each delivered message waited, urgent ones and bulk."""
    waits = {"urgent": urgent, "bulk": bulk}
    return Seen.of({lane: Waited.of(seconds) for lane, seconds in waits.items() if seconds}, "urgent", inflight, fresh)


def simulated_mta(agents: int, seconds: float) -> Postfix:
    """One that delivers so many at once, each in about so long."""
    world = f"""
    postfix = {{ processes = {agents}, destination_concurrency = 100000, initial_concurrency = 100000 }}
    destination = {{ seconds = {seconds}, spread = 0.3 }}
    """
    return Postfix(parse(world), {}, 1e9, 0.0, agents)


class House:
    """Bulk without end before a simulated MTA, an urgent message every second, and the controller."""

    def __init__(self, mta: Postfix, width: float = 10) -> None:
        self.mta = mta
        self.window = Window(width)
        self.now = 0.0
        self._numbers = itertools.count()

    def _accept(self, lane: str, count: int) -> None:
        for number, _ in zip(self._numbers, range(count), strict=False):
            self.mta.take(Mail(0.0, self.now, str(number), lane, "a.example"), self.now)

    def run(self, seconds: float, bulk: int = 10**9) -> list[Told]:
        """At most ``bulk`` messages a tick are there to be released."""
        delivered: list[Told] = []
        for tick in range(round(seconds / TICK)):
            self._accept("urgent", tick % 5 == 0)
            fresh = min(bulk, max(self.window.size - self.mta.size, 0))
            self._accept("bulk", fresh)
            inflight = self.mta.size
            self.now += TICK
            self.mta.advance(self.now)
            done, self.mta.told = self.mta.told, []
            urgent, others = (tuple(one.waited for one in done if one.mail.lane == lane) for lane in ("urgent", "bulk"))
            self.window = step(self.window, LIMITS, seen(urgent, others, inflight, fresh), self.now)
            delivered += done
        return delivered


def worst(delivered: list[Told], lane: str = "urgent", q: float = 0.99) -> float:
    waits = sorted(one.waited for one in delivered if one.mail.lane == lane)
    return waits[int(q * (len(waits) - 1))]


@pytest.mark.parametrize(("agents", "seconds"), [(20, 1.0), (100, 0.5), (5, 0.1), (50, 5.0)])
def test_it_opens_until_the_mta_is_the_limit_and_urgent_mail_does_not_wait(agents: int, seconds: float) -> None:
    # Given an idle MTA, and far more bulk than it can deliver
    house = House(simulated_mta(agents, seconds))

    # When the window has had two minutes to find itself
    house.run(120)
    delivered = house.run(120)

    # Then the MTA is nearly as busy as it can be
    assert len(delivered) >= 0.85 * 120 * agents / seconds
    # And urgent mail waits little, against the target or against its own delivery
    assert worst(delivered) <= max(2 * LIMITS.target, seconds / 2)


def test_a_fast_mta_is_found_out_within_seconds() -> None:
    # Given an MTA that delivers 1,000 a second
    house = House(simulated_mta(50, 0.05))

    house.run(5)

    assert len(house.run(10)) >= 0.9 * 10 * 1000


def test_an_mta_that_has_done_all_of_it_by_the_next_step_is_given_four_times_as_much() -> None:
    def widened(inflight: int, fresh: int, deliveries: int, opening: bool = True) -> float:
        return step(Window(20, opening), LIMITS, seen((), [0.0] * deliveries, inflight, fresh), TICK).width

    assert widened(inflight=20, fresh=20, deliveries=20) == 80
    # But not if some of it is still under way, or was let out before, or the window has been too wide
    assert widened(inflight=20, fresh=20, deliveries=15) == 35
    assert widened(inflight=20, fresh=0, deliveries=20) == 40
    assert widened(inflight=20, fresh=20, deliveries=20, opening=False) < 25


def test_an_mta_that_slows_down_closes_it_and_urgent_mail_is_free_again() -> None:
    # Given a window that has settled on an MTA of 100 a second
    house = House(simulated_mta(100, 1.0))
    house.run(180)
    wide = house.window.size

    # When only a tenth of its agents are left
    house.mta.processes = 10
    house.run(120)

    # Then the window has closed with them
    assert house.window.size < wide / 3
    assert worst(house.run(60)) <= 2.5 * LIMITS.target


def test_bulk_that_stands_on_a_road_of_its_own_gets_no_wider_window() -> None:
    # Given a window that is used up, urgent mail that does not wait, and bulk that does
    window = step(Window(100), LIMITS, seen((0.0,), (3.0, 9.0), 100), 1.0)
    # Then it stays, although urgent mail would bear more
    assert (window.width, window.phase) == (100, Phase.FULL)
    # And it closes only where there is no urgent mail to go by
    for tick in range(2, 20):
        window = step(window, LIMITS, seen((0.0,), (3.0,), 100), float(tick))
    assert window.width == 100
    for tick in range(20, 40):
        window = step(window, LIMITS, seen((), (3.0,), 100), float(tick))
    assert window.width < 100


def test_the_lane_that_waits_longest_is_the_one_to_go_by() -> None:
    waited = {"urgent": Waited(0.1, 2), "normal": Waited(0.0, 5) | Waited(0.2, 5), "bulk": Waited(4.0, 1)}

    assert Seen.of(waited, "urgent", 7, 3) == Seen(0.1, 4.0, 13, 7, 3)


def test_a_window_that_is_not_used_up_does_not_grow_and_fades() -> None:
    # Given a wide window and a trickle of bulk
    house = House(simulated_mta(100, 0.1), width=1000)

    house.run(60, bulk=1)

    assert house.window.size < 200
    assert house.window.opening


def test_without_urgent_mail_the_luckiest_other_message_tells() -> None:
    window = Window(100, opening=False)

    lucky = step(window, LIMITS, seen((), (9.0, 0.01, 30.0), 100), 1.0)
    unlucky = step(window, LIMITS, seen((), (9.0, 0.8, 30.0), 100), 1.0)

    assert (lucky.phase, unlucky.phase) == (Phase.PROBING, Phase.WATCHING)


def test_one_message_that_waited_closes_nothing() -> None:
    # Given urgent mail that waits longer than the target, for less than an interval
    window = Window(100)
    for tick in range(9):
        window = step(window, LIMITS, seen((3.0,), (), 100), float(tick))
    assert window.width == 100

    # When one gets through
    window = step(window, LIMITS, seen((3.0, 0.1), (), 100), 9.5)

    # Then the interval starts anew
    assert window.above_since is None
    assert step(window, LIMITS, seen((3.0,), (), 100), 12.0).width == window.width


def test_it_closes_after_an_interval_and_sooner_the_next_time() -> None:
    # Given urgent mail that stands
    window, closed = Window(100), []

    # When time goes by, and what is in flight follows the window
    for tick in range(1, 31):
        before = window
        window = step(window, LIMITS, seen((3.0,), (), window.size), float(tick))
        if window.width < before.width:
            closed.append(tick)

    # Then the pauses are the interval over the square roots of 1, 2, 3
    assert closed[:3] == [11, 19, 25]


def test_it_does_not_close_again_before_the_last_closing_shows() -> None:
    window = Window(70, opening=False, above_since=0.0, closings=1, used=100, since=0.0)

    assert step(window, LIMITS, seen((3.0,), (), 90), 9.0).width == 70
    assert step(window, LIMITS, seen((3.0,), (), 70), 9.0).width == pytest.approx(49)


def test_nothing_delivered_is_no_news() -> None:
    window = Window(100, above_since=3.0, used=100)

    assert step(window, LIMITS, seen((), (), 100), 5.0) == window._replace(used=100)


WAITS = st.lists(st.floats(0, 100), max_size=5)
SEEN = st.builds(seen, WAITS, WAITS, st.integers(0, 20_000))


@settings(deadline=None)
@given(st.lists(st.tuples(SEEN, st.floats(0, 30)), max_size=60), st.floats(0, 10_000))
def test_whatever_is_seen_it_stays_within_its_limits(story: list[tuple[Seen, float]], width: float) -> None:
    window, now = Window(width), 0.0
    for seen, pause in story:
        now += pause
        before, window = window, step(window, LIMITS, seen, now)
        assert LIMITS.minimum <= window.size <= LIMITS.maximum
        # And it never grows on mail that waited, nor when it is not used up
        least = seen.others if seen.urgent is None else seen.urgent
        waited = least is None or least >= LIMITS.target
        if before.size in range(LIMITS.minimum, LIMITS.maximum) and (waited or seen.inflight < before.size):
            assert window.width <= before.width
