"""Histograms of durations: how far a percentile may be off, and that parts add up."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from lanes.sla.histogram import ERROR, SMALLEST, bucket, merge, midpoint, percentile

#: From a millisecond to ten years.
durations = st.floats(SMALLEST, 3e8)
quantiles = st.floats(0, 1)
#: Of floating point, on top of ERROR.
ROUNDING = 1e-6


def histogram(seconds: Iterable[float]) -> Counter[int]:
    return Counter(map(bucket, seconds))


def exact(seconds: Iterable[float], q: float) -> float:
    """The nearest-rank percentile: the smallest value that at least ``q`` of all do not exceed."""
    ordered = sorted(seconds)
    return ordered[max(math.ceil(q * len(ordered)), 1) - 1]


@given(st.lists(durations, min_size=1), quantiles)
def test_a_percentile_is_within_one_percent_of_the_exact_one(seconds: list[float], q: float) -> None:
    told = percentile(histogram(seconds), q)
    assert told is not None
    assert abs(told / exact(seconds, q) - 1) <= ERROR + ROUNDING


@given(st.lists(st.lists(durations), min_size=1), quantiles)
def test_merged_parts_are_the_whole(parts: list[list[float]], q: float) -> None:
    whole = histogram(value for part in parts for value in part)
    merged = merge(histogram(part) for part in parts)
    assert merged == whole
    assert percentile(merged, q) == percentile(whole, q)


@given(durations, durations)
def test_a_longer_duration_is_in_no_lower_bucket(one: float, other: float) -> None:
    assert bucket(min(one, other)) <= bucket(max(one, other))


@given(st.floats(max_value=SMALLEST, allow_infinity=False))
def test_what_is_shorter_than_a_millisecond_counts_as_one(seconds: float) -> None:
    assert bucket(seconds) == bucket(SMALLEST)


@given(st.lists(durations, min_size=1), quantiles, quantiles)
def test_a_higher_quantile_is_no_shorter(seconds: list[float], one: float, other: float) -> None:
    counts = histogram(seconds)
    low, high = percentile(counts, min(one, other)), percentile(counts, max(one, other))
    assert low is not None
    assert high is not None
    assert low <= high


def test_nothing_has_no_percentile() -> None:
    assert percentile({}, 0.95) is None


def test_ten_years_of_buckets_are_few() -> None:
    # A minute of a busy lane is a hash of at most so many fields
    assert bucket(3e8) - bucket(SMALLEST) < 1500
    assert math.isclose(midpoint(bucket(1.0)), 1.0, rel_tol=ERROR)
