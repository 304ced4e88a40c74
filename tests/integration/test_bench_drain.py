"""The drain benchmark in small: what it measures is what happened."""

from __future__ import annotations

from tests.bench.drain import BATCH, Pair, Run, drained_bare, drained_by_lanes, mixed_by_lanes, ratio


def test_lanes_let_all_of_a_resumed_lane_go_as_a_bare_release_does() -> None:
    # Given a full batch for each of two domains, on hold; when they may go, all of it leaves in either way
    lanes, bare = drained_by_lanes(2 * BATCH), drained_bare(2 * BATCH)
    # And only lanes have a window, which was open
    assert lanes.width > 0
    assert bare.width == 0


def test_of_a_mix_with_full_batches_nothing_waits_by_design() -> None:
    assert mixed_by_lanes(BATCH).width > 0


def test_a_ratio_is_the_median_of_pairs_not_the_ratio_of_medians() -> None:
    pairs = [Pair(Run(1.0), Run(2.0)), Pair(Run(8.0), Run(4.0)), Pair(Run(3.0), Run(1.0))]
    assert ratio(pairs) == 2.0
