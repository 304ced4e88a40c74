"""Both servers that the store must work on, each started once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from contrib.sandbox.redis import Kind, PrivateRedis
from lanes.config import Settings
from lanes.config.load import parse
from lanes.store.laneviews import LaneViews
from lanes.store.store import Store
from lanes.store.views import Views


@pytest.fixture(scope="session", params=["valkey", "redis"])
def server(request: pytest.FixtureRequest) -> Iterator[PrivateRedis]:
    kind: Kind = request.param
    with PrivateRedis(kind) as running:
        yield running


@pytest.fixture
def settings(server: PrivateRedis) -> Settings:
    return parse(
        f"""
        redis.url = "{server.url}"
        [manager]
        window = 10
        [lanes.priority]
        max_size = 3
        quota = {{ messages = 120, period = "1h", burst = 2 }}
        [lanes.normal]
        max_size = 5
        [lanes.bulk]
        batch = {{ size = 3, max_wait = "1h", streams = 2 }}
        """
    )


@pytest.fixture
def store(server: PrivateRedis, settings: Settings) -> Iterator[Store]:
    client = server.client()
    client.flushall()
    yield Store(client, settings)
    client.close()


@pytest.fixture
def views(store: Store, settings: Settings) -> Views:
    return Views(store, settings)


@pytest.fixture
def laneviews(store: Store, settings: Settings) -> LaneViews:
    return LaneViews(store, settings)
