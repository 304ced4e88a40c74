"""What the tracker saw of senders, and what the filter is told of them."""

from __future__ import annotations

from lanes.policy.reputation import HALF_LIFE
from lanes.store.store import Store

NOW = 1_000_000.0


def test_a_sender_that_bounces_stands_badly_and_is_forgiven_with_time(store: Store) -> None:
    # Given one sender whose mail mostly bounces and one with a bounce now and then
    store.senders.saw({"bad@a.example": (1, 20), "good@a.example": (200, 3), "": (0, 50)}, NOW)
    store.senders.saw({"bad@a.example": (0, 20)}, NOW)
    # Then the filter is told of the first one only; bounces have no sender to blame
    assert list(store.senders.poor(NOW)) == ["bad@a.example"]
    assert 0.2 < store.senders.poor(NOW)["bad@a.example"] < 0.3
    # And no longer when it has not been seen for some weeks
    assert store.senders.poor(NOW + 3 * HALF_LIFE) == {}


def test_good_mail_makes_up_for_bounces(store: Store) -> None:
    store.senders.saw({"s@a.example": (0, 15)}, NOW)
    assert "s@a.example" in store.senders.poor(NOW)
    store.senders.saw({"s@a.example": (30, 0)}, NOW)
    assert store.senders.poor(NOW) == {}


def test_a_standing_that_cannot_be_read_is_a_new_sender(store: Store) -> None:
    store.client.hset(store.keys.standings, "s@a.example", b"\xff")
    store.client.sadd(store.keys.poor, "s@a.example")
    assert store.senders.poor(NOW) == {}
