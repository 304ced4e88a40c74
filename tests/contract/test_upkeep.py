"""When Redis is brought in line with the spool: at the start, in time, and when Redis is another."""

from __future__ import annotations

import pytest

from lanes.config import Settings
from lanes.services.upkeep import Upkeep
from lanes.store.inventory import Inventory
from lanes.store.store import Store

NOW = 1_000_000.0


@pytest.fixture
def asked() -> list[str]:
    return []


def upkeep(store: Store, settings: Settings, asked: list[str]) -> Upkeep:
    return Upkeep(settings, Inventory(store, settings), lambda: asked.append("reconcile"))


def test_it_is_asked_for_at_the_start_and_in_time(store: Store, settings: Settings, asked: list[str]) -> None:
    # Given a Redis that knows us
    Inventory(store, settings).begin()
    keeper, every = upkeep(store, settings, asked), settings.manager.reconcile_every
    # When the manager turns at the start, and often
    counts = []
    for at in (0.0, 0.2, every - 1, every, every + 1, 2 * every):
        keeper.turn(NOW + at)
        counts.append(len(asked))
    # Then it is asked for at once, and again when it is due
    assert counts == [1, 1, 1, 2, 2, 3]


def test_it_is_asked_for_when_redis_lost_everything(store: Store, settings: Settings, asked: list[str]) -> None:
    # Given a manager that has asked
    keeper = upkeep(store, settings, asked)
    keeper.turn(NOW)
    # When Redis forgets
    store.client.flushall()
    keeper.turn(NOW + 1)
    keeper.turn(NOW + 2)
    # Then it is asked for once more, long before it is due
    assert len(asked) == 2
