"""What Redis holds as a whole, and how it takes in what it lacks, on Valkey and on Debian's Redis."""

from __future__ import annotations

import pytest

from contrib.sandbox.redis import PrivateRedis
from lanes.config import Settings
from lanes.life import Result, State
from lanes.message import Record
from lanes.schedule.view import Wave
from lanes.store.inventory import Found, Inventory, Known
from lanes.store.laneviews import LaneViews
from lanes.store.settling import Settlement
from lanes.store.store import Candidate, Store
from lanes.store.views import Views

NOW = 1_000_000.0


@pytest.fixture
def inventory(store: Store, settings: Settings) -> Inventory:
    return Inventory(store, settings)


def record(lane: str = "bulk", deadline: float = NOW + 3600, domain: str = "example.com", at: float = NOW) -> Record:
    return Record(lane, at, deadline, domain, 1, "", "a@b.c", "hello")


def held(id: str, **given: float | str) -> Found:
    kept = record(**given)  # type: ignore[arg-type] # a test's shorthand
    return Found(id, State.HELD, kept.deadline, kept)


def test_a_redis_that_forgot_or_is_another_one_is_new_once(store: Store, inventory: Inventory) -> None:
    assert [inventory.begin(), inventory.begin()] == [True, False]
    # When it forgets
    store.client.flushall()
    assert [inventory.begin(), inventory.begin()] == [True, False]
    # And when its data was written under another server, as after a fail-over
    store.client.set(store.keys.server, "another")
    assert [inventory.begin(), inventory.begin()] == [True, False]


def test_a_redis_that_was_started_again_is_new(settings: Settings) -> None:
    with PrivateRedis() as server:
        inventory = Inventory(Store(server.client(), settings), settings)
        assert inventory.begin()
        server.kill()
        server.start()
        assert [inventory.begin(), inventory.begin()] == [True, False]


def test_what_cannot_be_read_is_let_go_of_and_nothing_else_is(store: Store, inventory: Inventory) -> None:
    # Given a claimed message whose record was overwritten, another that is as it was, and names that are no messages
    for id in ("spoilt", "whole"):
        store.admit(id, [Candidate(record())], NOW)
    store.claim(Wave("bulk", "example.com", 2, "size"), NOW + 30)
    store.client.hset(store.keys.records, "spoilt", b"\xc1")
    store.client.zadd(store.keys.state(State.WITHHELD, "normal"), {b"\xff": NOW})
    # When all of it is to be dropped, and Redis is doubted
    inventory.begin()
    assert inventory.drop(inventory.live()) == 2
    inventory.doubt()
    # Then only what can be read is left, and Redis is to be compared with the spool once
    assert inventory.live() == {"whole": Known(State.RELEASING, NOW + 30)}
    assert [inventory.begin(), inventory.begin()] == [True, False]
    # And what the spool knows of it is taken in as if it had never been there
    assert inventory.adopt([held("spoilt")]) == {State.HELD: 1}
    assert store.claim(Wave("bulk", "example.com", 2, "size"), NOW + 60) == ["spoilt"]


def test_every_live_message_is_told_with_its_state(store: Store, inventory: Inventory) -> None:
    # Given more messages than one answer of Redis has, in each state
    for number in range(2500):
        store.admit(f"held{number}", [Candidate(record())], NOW)
    store.admit("inflight", [Candidate(record("priority"))], NOW)
    store.admit("deferred", [Candidate(record("priority"))], NOW)
    store.move("defer", ["deferred"], NOW + 1)
    store.claim(Wave("bulk", "example.com", 1, "hand", ("held7",)), NOW + 30, fill=False)
    store.settle([Settlement("held8", Result.GONE, NOW)])
    # Then all that are live are told
    live = inventory.live()
    assert len(live) == 2501
    assert live["held0"] == Known(State.HELD, NOW + 3600)
    assert live["held7"] == Known(State.RELEASING, NOW + 30)
    assert live["inflight"] == Known(State.INFLIGHT, NOW)
    assert live["deferred"] == Known(State.DEFERRED, NOW + 1)
    assert "held8" not in live


def test_a_held_message_that_is_taken_in_is_as_if_it_had_been_admitted(
    store: Store, views: Views, laneviews: LaneViews, inventory: Inventory
) -> None:
    # Given messages of one domain, and one of a lane that is not batched
    messages = [held("late", deadline=NOW + 90, at=NOW + 2), held("early", deadline=NOW + 60, at=NOW + 1)]
    # When they are taken in
    assert inventory.adopt([*messages, held("n", lane="normal", deadline=NOW + 9)]) == {State.HELD: 3}
    # Then they are known, counted, and claimed in their order
    bulk = {view.lane: view for view in laneviews.look(10, NOW + 100)}["bulk"]
    assert (bulk.held, [d.name for d in bulk.near]) == (2, ["example.com"])
    assert views.status(NOW)[2].totals["accepted"] == 2
    assert store.claim(Wave("bulk", "example.com", 5, "size"), NOW + 30) == ["early", "late"]
    assert store.claim(Wave("normal", "", 5, "turn"), NOW + 30) == ["n"]


@pytest.mark.parametrize("state", [State.INFLIGHT, State.DEFERRED, State.WITHHELD, State.KEPT])
def test_a_message_is_taken_in_as_what_it_is(
    store: Store, views: Views, inventory: Inventory, state: State
) -> None:
    assert inventory.adopt([Found("m", state, NOW, record("bulk"))]) == {state: 1}
    assert views.state_of("m") == state
    store.settle([Settlement("m", Result.DELIVERED, NOW, 1.0)])
    assert inventory.live() == {}
    assert store.client.exists(store.keys.busy("bulk", "example.com"), store.keys.deadlines("bulk")) == 0


def test_what_is_live_stays_as_it_is(store: Store, inventory: Inventory) -> None:
    # Given a message that was moved to another lane, and is in flight
    store.admit("m", [Candidate(record("priority"))], NOW)
    # When it is to be taken in as held in its old one
    assert inventory.adopt([held("m")]) == {State.HELD: 0}
    # Then it is in one state only
    assert inventory.live() == {"m": Known(State.INFLIGHT, NOW)}
    assert store.records(["m"])["m"].lane == "priority"


def test_what_was_settled_in_error_lives_again(store: Store, inventory: Inventory) -> None:
    # Given a message that was taken for gone
    store.admit("m", [Candidate(record())], NOW)
    store.settle([Settlement("m", Result.GONE, NOW)])
    # When it is found in the spool
    assert inventory.adopt([held("m", deadline=NOW + 5)]) == {State.HELD: 1}
    # Then it is held under the deadline that it bears, and is not forgotten with the settled ones
    assert inventory.live() == {"m": Known(State.HELD, NOW + 5)}
    assert store.prune(NOW + 10 * 86400) == 0
    assert store.records(["m"])["m"].deadline == NOW + 5


def test_taking_in_twice_counts_once(store: Store, views: Views, inventory: Inventory) -> None:
    for _ in range(2):
        inventory.adopt([held("m")])
    assert views.status(NOW)[2].totals["accepted"] == 1
    assert store.client.zscore(store.keys.sizes("bulk"), "example.com") == 1
