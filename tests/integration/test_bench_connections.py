"""What batches save in connections, in small."""

from __future__ import annotations

from tests.bench.connections import connections


def test_batches_share_connections() -> None:
    # Given mail at a pace at which none piles up, also on a busy machine: what does shares connections by itself
    plain, batched = (connections(side, 100, 200, pace=30.0) for side in ("plain", "batched"))
    # Then batches take fewer connections
    assert batched < plain <= 1000


def test_a_small_batch_shares_connections_on_a_road_for_batches() -> None:
    # Given ten batches of five, of which Postfix would begin with five connections each
    batched, shared = (connections(side, 5, 50, pace=30.0) for side in ("batched", "shared"))
    # Then on a road of their own they take fewer
    assert shared < batched <= 1000
