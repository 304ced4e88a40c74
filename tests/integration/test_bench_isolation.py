"""The isolation benchmark in small: what it measures is what happened."""

from __future__ import annotations

from contrib.sandbox.sink import FastSink
from tests.bench.isolation import SECONDS, SLOTS, Measured, Mode, measure, plain, transports


def measured(mode: Mode, backlog: int, patience: float) -> Measured:
    with FastSink("-w", str(SECONDS), "-m", str(SLOTS)) as sink, mode(sink.port) as postfix:
        return measure(postfix, backlog, 2, patience, lambda _: None)


def test_urgent_mail_waits_its_turn_on_one_road_and_overtakes_on_two() -> None:
    # Given six turns of bulk before a destination that takes a second for each
    one_road, two_roads = (measured(mode, 6 * SLOTS, patience=60) for mode in (plain, transports))
    # Then urgent mail waits for several of them where there is one road, and for none where there are two
    assert min(one_road.seconds) > 2 * max(two_roads.seconds)
    # And nothing takes less than the destination does
    assert min(two_roads.seconds) >= SECONDS


def test_what_does_not_arrive_in_the_time_given_is_null() -> None:
    row = measured(plain, 0, patience=0).row("plain", 0)
    assert (row["sent"], row["p99_s"]) == (2, None)
    assert "waited_s" in row
