"""The last hour at a glance: all that was delivered in it, though finished minutes are read once."""

from __future__ import annotations

import pytest

from lanes.config import Settings
from lanes.store.last_hour import LastHour
from lanes.store.store import Store

MINUTE = 60.0
NOW = 1_800_000_000.0 + 30
"""In the middle of a minute."""


@pytest.fixture
def hour(store: Store, settings: Settings) -> LastHour:
    return LastHour(store, settings.lanes)


def delivered(store: Store, at: float, messages: int = 1) -> None:
    store.client.hincrby(store.keys.histogram("bulk", int(at // 60)), "q100", messages)


def look(store: Store, hour: LastHour, now: float) -> tuple[int, int]:
    """Messages of bulk, and how many commands it took."""
    with store.client.pipeline(transaction=False) as pipe:
        asked = hour.ask(pipe, now)
        commands = len(pipe.command_stack)
        return hour.told(asked, iter(pipe.execute()))["bulk"].messages, commands


def test_minutes_that_the_tracker_has_read_past_are_read_once(store: Store, settings: Settings, hour: LastHour) -> None:
    # Given a delivery in each of two hours, and a tracker that has read all of the log
    for back in range(120):
        delivered(store, NOW - back * MINUTE)
    store.tracking.at_end(NOW)
    # When it is looked at again and again, Then an hour of them is told, and only the present minute is read again
    assert look(store, hour, NOW) == (60, 1 + 60 * len(settings.lanes))
    delivered(store, NOW, 5)
    assert look(store, hour, NOW + 1) == (65, 1 + len(settings.lanes))


def test_what_is_an_hour_old_is_told_no_more(store: Store, settings: Settings, hour: LastHour) -> None:
    # Given a look at an hour with two deliveries
    delivered(store, NOW - 59 * MINUTE)
    delivered(store, NOW)
    store.tracking.at_end(NOW)
    assert look(store, hour, NOW)[0] == 2
    # When minutes go by, Then the older one is told no more, and what is new is read
    assert look(store, hour, NOW + MINUTE) == (1, 1 + 2 * len(settings.lanes))


def test_what_a_late_tracker_tells_of_a_minute_is_seen(store: Store, hour: LastHour) -> None:
    # Given a tracker that has read the log up to some minutes ago
    store.tracking.at_end(NOW - 10 * MINUTE)
    assert look(store, hour, NOW)[0] == 0
    # When it tells of what was delivered since
    delivered(store, NOW - 9 * MINUTE)
    # Then that is seen
    assert look(store, hour, NOW + 1)[0] == 1


def test_a_tracker_whose_clock_is_ahead_finishes_no_minute_that_goes_on(store: Store, hour: LastHour) -> None:
    # Given a tracker whose clock is a day ahead
    store.tracking.at_end(NOW + 86400)
    assert look(store, hour, NOW)[0] == 0
    # When more is delivered in this minute
    delivered(store, NOW)
    # Then that is seen
    assert look(store, hour, NOW + 1)[0] == 1
