"""Prometheus' buckets, made of ours."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanes.config.load import parse
from lanes.metrics.buckets import boundaries, cumulative, total
from lanes.sla.histogram import GAMMA, bucket

LANES = parse("[lanes.priority]\nsla = '7m'\nalert_after = '95s'\n[lanes.normal]\nsla = '90m'").lanes.values()
BOUNDS = boundaries(LANES)

durations = st.lists(st.floats(0.001, 864_000) | st.sampled_from(BOUNDS), max_size=200)


def test_what_was_promised_is_among_the_boundaries_which_go_from_a_moment_to_days() -> None:
    assert {420.0, 95.0, 5400.0, 86400.0} <= set(BOUNDS)
    assert (BOUNDS[0], BOUNDS[-1]) == (0.01, 5 * 86400.0)
    assert list(BOUNDS) == sorted(set(BOUNDS))


@given(durations)
def test_each_bucket_has_what_is_not_above_it_and_perhaps_what_is_by_less_than_two_percent(taken: list[float]) -> None:
    told = cumulative(Counter(map(bucket, taken)), BOUNDS)
    assert [float(text) for text, _ in told] == [*BOUNDS, float("inf")]
    for text, count in told:
        bound = float(text)
        assert sum(one <= bound for one in taken) <= count <= sum(one < bound * GAMMA * (1 + 1e-6) for one in taken)
    assert told[-1][1] == len(taken)


@given(durations)
def test_buckets_only_grow(taken: list[float]) -> None:
    counts = [count for _, count in cumulative(Counter(map(bucket, taken)), BOUNDS)]
    assert counts == sorted(counts)


@given(durations)
def test_the_sum_is_right_within_one_percent(taken: list[float]) -> None:
    assert total(Counter(map(bucket, taken))) == pytest.approx(sum(taken), rel=0.0101)
