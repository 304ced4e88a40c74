"""Both servers that the store must work on, each started once; and both databases of the history."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from contrib.sandbox.postgres import PrivatePostgres
from contrib.sandbox.redis import Kind, PrivateRedis
from lanes.config import Settings
from lanes.config.load import parse
from lanes.history.database import migrate
from lanes.store.laneviews import LaneViews
from lanes.store.store import Store
from lanes.store.views import Views
from tests.contract.databases import database


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


@pytest.fixture(scope="session")
def postgres() -> Iterator[PrivatePostgres]:
    with PrivatePostgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/history.db"
    running: PrivatePostgres = request.getfixturevalue("postgres")
    engine = database(running.url)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return running.url


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """A database that is up to date."""
    opened = database(url)
    migrate(opened)
    yield opened
    opened.dispose()
