"""The planner against its rivals, and against the best that can be done, in simulated time."""

from __future__ import annotations

import pytest

from lanes.config.load import parse
from tests.bench.deadlines import SETTINGS, compare

LANES = parse(SETTINGS).lanes


@pytest.mark.parametrize("load", [0.95, 1.2])
def test_the_planner_misses_fewer_deadlines_than_its_rivals_and_few_more_than_it_must(load: float) -> None:
    missed = {policy: share for policy, share, _ in compare(LANES, load, seeds=[2], ticks=3600)}

    assert missed["optimum"] <= missed["lanes"] <= missed["optimum"] + 0.03
    assert missed["lanes"] <= min(missed["fifo"], missed["strict"], missed["fair"]) / 2
