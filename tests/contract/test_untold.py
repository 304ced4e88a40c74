"""What fills the window while nobody reads the log."""

from __future__ import annotations

import pytest

from lanes.config import Settings
from lanes.message import Record
from lanes.store.laneviews import LaneViews
from lanes.store.store import Candidate, Store

NOW = 1_000_000.0


@pytest.fixture
def lanes(store: Store, settings: Settings) -> LaneViews:
    return LaneViews(store, settings)


def normal(store: Store, id: str, now: float) -> str:
    record = Record("normal", now, now + 3600, "example.com", 1, "", "a@b.c", "hello")
    return store.admit(id, [Candidate(record)], now).action


def fill(store: Store, settings: Settings) -> None:
    """The window, with mail that is in flight since NOW."""
    for number in range(int(settings.manager.window)):
        record = Record("priority", NOW, NOW + 300, "example.com", 1, "", "a@b.c", "hello")
        store.admit(f"full{number}", [Candidate(record)], NOW, watch=True)


def inflight(lanes: LaneViews, now: float) -> int:
    return sum(view.inflight for view in lanes.look(100, now))


def test_in_flight_mail_fills_the_window_while_the_log_is_read(
    store: Store, lanes: LaneViews, settings: Settings
) -> None:
    fill(store, settings)
    store.tracking.save({}, 1, 0, NOW + 50)
    assert normal(store, "held", NOW + 60) == "hold"
    assert inflight(lanes, NOW + 60) == settings.manager.window


def test_when_no_line_was_read_for_a_lease_it_fills_it_for_a_second(
    store: Store, lanes: LaneViews, settings: Settings
) -> None:
    # Given a log of which nothing was read for longer than a lease, or ever
    fill(store, settings)
    store.tracking.save({}, 1, 0, NOW - 10)
    late = NOW + settings.manager.lease
    # When mail comes later than a second after the window was filled
    # Then it passes, and the planner sees room
    assert normal(store, "passed", late) == "pass"
    assert inflight(lanes, late) == 1


def test_mail_that_comes_after_a_silence_counts_at_once(store: Store, lanes: LaneViews, settings: Settings) -> None:
    fill(store, settings)
    assert normal(store, "held", NOW + 0.5) == "hold"
    assert inflight(lanes, NOW + 0.5) == settings.manager.window
