"""What a trace tells of the world is taken for what it does not tell."""

from __future__ import annotations

import random

import pytest

from lanes.simulate.survey import survey
from lanes.simulate.trace import Row
from lanes.simulate.world import parse


def test_times_are_fitted_for_all_and_for_domains_of_which_enough_is_told() -> None:
    # Given a fast domain of which much is told, a slow one, and one of which too little is
    chance = random.Random(3)
    told = [("fast.example", 0.2)] * 500 + [("slow.example", 5.0)] * 500 + [("rare.example", 60.0)] * 5
    rows = [Row(float(n), domain, seconds=seconds * chance.lognormvariate(0, 0.3))
            for n, (domain, seconds) in enumerate(told)]

    # When it is surveyed, with mail of which nothing is told
    seen = survey([*rows, Row(2000.0, "fast.example", "bulk")])
    world = parse("", seen.world)

    # Then the world is as it was told
    assert (seen.messages, seen.tells, seen.began, seen.ended) == (1006, 1005, 0.0, 2000.0)
    assert seen.lanes == {"": 1005, "bulk": 1}
    assert world.of("fast.example").seconds == pytest.approx(0.2, rel=0.1)
    assert world.of("slow.example").seconds == pytest.approx(5.0, rel=0.1)
    assert world.of("slow.example").spread == pytest.approx(0.3, rel=0.2)
    assert world.of("rare.example") == world.destination


def test_what_a_world_file_says_goes_before_what_is_told() -> None:
    fitted = {"destination": {"seconds": 0.2, "spread": 0.3}, "destinations": {"a.example": {"seconds": 9.0}}}

    world = parse("[destination]\nseconds = 1\n[destinations.'a.example']\nrate = 5", fitted)

    assert (float(world.destination.seconds), world.destination.spread) == (1.0, 0.3)
    assert (float(world.of("a.example").seconds), world.of("a.example").rate) == (9.0, 5.0)
    assert world.of("a.example").spread == 0.3
