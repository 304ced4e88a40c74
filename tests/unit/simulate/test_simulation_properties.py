"""What holds of any simulation, whatever the mail: everybody ends once, nobody before his time, the window keeps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import settings as effort

from lanes.config.load import parse as parse_settings
from lanes.simulate.run import simulate
from lanes.simulate.trace import Row
from lanes.simulate.world import parse
from tests.unit.simulate.scenes import ROWS, WORLD, Witness, settings

SITE, OUTSIDE = settings(), parse(WORLD)
#: A world in which nothing is tried twice, so that no mail is in flight that was not released.
INSTANT = parse("replay = false")
#: Nothing passes unheld.
HELD = parse_settings("""
manager = { window = 5, tick = "250ms" }
[lanes.priority]
hold = "always"
quota = { messages = 1000, period = "1s", burst = 1000 }
[lanes.normal]
hold = "always"
[lanes.bulk]
batch = { size = 4, max_wait = "1m", streams = 2 }
""")


def watched(rows: list[Row], plain: bool = False, seed: int = 1) -> Witness:
    return simulate(rows, SITE, OUTSIDE, Witness, plain=plain, seed=seed)


@effort(deadline=None, max_examples=40)
@given(ROWS)
@pytest.mark.parametrize("plain", [False, True])
def test_every_message_ends_exactly_once_and_after_it_arrived(plain: bool, rows: list[Row]) -> None:
    tally = watched(rows, plain)

    assert sorted(id for id, _, _ in tally.ends) == sorted(f"{number:x}" for number in range(len(rows)))
    for id, at, _ in tally.ends:
        assert at >= tally.accepted[id] >= rows[int(id, 16)].instant
    assert sum(lane.messages for lane in tally.lanes.values()) == len(rows)


@effort(deadline=None, max_examples=40)
@given(ROWS)
def test_nothing_is_released_before_it_arrived_nor_twice(rows: list[Row]) -> None:
    tally = watched(rows)

    released = [id for _, ids, _, _ in tally.waves for id in ids]
    assert len(released) == len(set(released))
    assert all(newest <= now for _, _, newest, now in tally.waves)


@effort(deadline=None, max_examples=40)
@given(ROWS)
def test_the_window_is_filled_by_what_is_released_and_never_exceeded_by_it(rows: list[Row]) -> None:
    # Given lanes that all hold their mail, and a world that puts none of it off
    tally = simulate(rows, HELD, INSTANT, Witness)

    assert all(inflight <= width for width, inflight in tally.widths)


@effort(deadline=None, max_examples=30)
@given(ROWS)
def test_the_same_seed_gives_the_same_result(rows: list[Row]) -> None:
    one, other = watched(rows, seed=7), watched(rows, seed=7)

    assert (one.ends, one.waves, one.widths) == (other.ends, other.waves, other.widths)
