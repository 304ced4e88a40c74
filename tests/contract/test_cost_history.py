"""What was spent, in SQL: day by day, never less than it was; on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import Engine, inspect, select

from contrib.sandbox.redis import PrivateRedis
from lanes.config import Settings
from lanes.config.load import parse
from lanes.history.costs import CostHistory
from lanes.history.history import History
from lanes.history.tables import costs
from lanes.life import Result
from lanes.message import Record
from lanes.routes.cost import DAY, Spent
from lanes.services.bookkeeper import Bookkeeper
from lanes.store.costs import Costs
from lanes.store.settling import Settlement
from lanes.store.store import Candidate, Store

NOW = 1_800_000_000.0
TODAY = int(NOW // DAY)
WAY, OTHER = ("bulk", "economy"), ("priority", "premium")


@pytest.fixture
def history(engine: Engine) -> CostHistory:
    return History(engine).costs


def test_the_table_is_for_people(engine: Engine, history: CostHistory) -> None:
    history.write({TODAY: {WAY: Spent(3, 3000, 60000)}})
    columns = [column["name"] for column in inspect(engine).get_columns("relay_costs")]
    assert columns == ["day", "lane", "relay", "messages", "cost_micro", "premium_micro"]
    with engine.connect() as connection:
        row = connection.execute(select(costs)).one()
    assert tuple(row) == (date(2027, 1, 15), "bulk", "economy", 3, 3000, 60000)


def test_a_day_grows_and_never_shrinks(history: CostHistory) -> None:
    history.write({TODAY: {WAY: Spent(3, 3000, 60000), OTHER: Spent(1, 20000, 20000)}})
    history.write({TODAY - 1: {WAY: Spent(9, 9, 9)}})
    # When it has grown, and another manager writes what it saw before, or Redis has forgotten
    history.write({TODAY: {WAY: Spent(5, 5000, 100000)}})
    history.write({TODAY: {WAY: Spent(4, 4000, 80000)}})
    history.write({})
    # Then the largest counts
    assert history.read(TODAY - 1, TODAY) == {
        TODAY - 1: {WAY: Spent(9, 9, 9)}, TODAY: {WAY: Spent(5, 5000, 100000), OTHER: Spent(1, 20000, 20000)},
    }  # fmt: skip
    assert history.read(TODAY - 1, TODAY - 1) == {TODAY - 1: {WAY: Spent(9, 9, 9)}}


def test_what_is_too_old_is_forgotten(history: CostHistory) -> None:
    history.write({TODAY - number: {WAY: Spent(1, 1, 1)} for number in range(5)})
    history.prune(TODAY - 2)
    assert list(history.read(TODAY - 10, TODAY)) == [TODAY - 2, TODAY - 1, TODAY]


def test_the_bookkeeper_writes_what_has_grown_also_of_days_ago(server: PrivateRedis, history: CostHistory) -> None:
    # Given mail of today and of a week ago, delivered by a relay
    settings: Settings = parse(f'redis.url = "{server.url}"\n[relays.economy]\ntransport = "economy"\ncost = 0.001')
    client = server.client()
    client.flushall()
    store = Store(client, settings)
    keeper = Bookkeeper(Costs(client, settings), 100 * DAY)

    def deliver(id: str, at: float) -> None:
        store.admit(id, [Candidate(Record("bulk", at, at + 9, "example.com", 1, "economy", "a@b.c", "hello"))], at)
        store.settle([Settlement(id, Result.DELIVERED, at, 5.0, None, "economy")])

    deliver("a", NOW)
    deliver("b", NOW - 7 * DAY)
    keeper.turn(history, NOW)
    one, two = Spent(1, 1000, 1000), Spent(2, 2000, 2000)
    assert history.read(0, TODAY) == {TODAY - 7: {WAY: one}, TODAY: {WAY: one}}
    # When more is told of both days
    deliver("c", NOW + 1)
    deliver("d", NOW - 7 * DAY)
    # Then the next look, a minute later, has it
    keeper.turn(history, NOW + 30)
    assert history.read(0, TODAY)[TODAY] == {WAY: one}
    keeper.turn(history, NOW + 60)
    assert history.read(0, TODAY) == {TODAY - 7: {WAY: two}, TODAY: {WAY: two}}
    # And a Redis that was emptied takes nothing away
    client.flushall()
    Bookkeeper(Costs(client, settings), 100 * DAY).turn(history, NOW + 120)
    assert history.read(0, TODAY) == {TODAY - 7: {WAY: two}, TODAY: {WAY: two}}
    client.close()
