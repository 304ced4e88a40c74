"""Numbers of benchmarks: quantiles of what may never come."""

from __future__ import annotations

import math

import pytest

from tests.bench.report import quantile


@pytest.mark.parametrize(("q", "expected"), [(0.5, 5.0), (0.51, 6.0), (0.99, 10.0), (1.0, 10.0), (0.0, 1.0)])
def test_a_quantile_is_the_smallest_value_that_so_many_do_not_exceed(q: float, expected: float) -> None:
    assert quantile([float(n) for n in range(10, 0, -1)], q) == expected


def test_what_never_came_counts_as_the_longest() -> None:
    seconds = [1.0, math.inf, 2.0]
    assert quantile(seconds, 0.5) == 2.0
    assert quantile(seconds, 0.99) is None


def test_nothing_has_no_quantile() -> None:
    assert quantile([], 0.5) is None
