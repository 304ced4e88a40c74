"""Deferred mail and its next attempt, on Valkey and on Debian's Redis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import pytest

from contrib.sandbox.redis import PrivateRedis
from lanes.config import Settings
from lanes.config.load import parse
from lanes.life import Result, State
from lanes.message import Progress, Tries
from lanes.schedule.view import Deferred, Wave
from lanes.services.manager import Manager
from lanes.store.orders import Orders
from lanes.store.retries import Retries
from lanes.store.settling import Settlement
from lanes.store.store import Store
from tests.contract.test_store import NOW as WHOLE_SECOND
from tests.contract.test_store import candidates, hold, record

NOW = WHOLE_SECOND + 0.5
DAY = 86400.0


@pytest.fixture
def settings(server: PrivateRedis) -> Settings:
    return parse(f"""
    redis.url = "{server.url}"
    manager.window = 10
    [lanes.quick]
    sla = "1m"
    lead = "1s"
    rank = 1
    hold = "never"
    """)


@pytest.fixture
def retries(store: Store, settings: Settings) -> Retries:
    return Retries(store, settings)


def defer(store: Store, retries: Retries, id: str, lane: str, at: float = NOW, domain: str = "example.com") -> None:
    """A message of a lane that was tried, and deferred at an instant; it is known, or comes to be."""
    if not store.records([id]):
        store.admit(id, candidates(record(lane, domain=domain)), NOW, watch=True)
    store.move("start", [id], at - 1)
    store.move("defer", [id], at)
    retries.tried({id: {at: at - 1}})


def attempts(store: Store, lane: str) -> dict[str, float]:
    """Seconds from now to the next attempt."""
    key = store.keys.retry(lane)
    members = cast("list[tuple[bytes, float]]", store.client.zrange(key, 0, -1, withscores=True))
    return {id.decode(): round(when - NOW, 3) for id, when in members}


def test_each_lane_has_its_own_schedule_counted_from_the_last_attempt(store: Store, retries: Retries) -> None:
    for lane in ("priority", "normal", "bulk", "quick"):
        defer(store, retries, lane, lane, NOW + 5)
    assert [attempts(store, lane) for lane in ("priority", "normal", "bulk")] == [
        {"priority": 35.0}, {"normal": 65.0}, {"bulk": 905.0},
    ]  # fmt: skip
    # And a lane without one leaves it to the MTA
    assert attempts(store, "quick") == {}


def test_a_log_of_whole_seconds_makes_no_attempt_early(store: Store, retries: Retries) -> None:
    defer(store, retries, "p", "priority", WHOLE_SECOND)
    assert retries.due(WHOLE_SECOND + 30.9, 1) == []
    assert [one.id for one in retries.due(WHOLE_SECOND + 31, 1)] == ["p"]


def test_the_pauses_grow_with_the_attempts_and_a_log_read_again_changes_nothing(store: Store, retries: Retries) -> None:
    pauses = []
    for number in range(6):
        for _ in range(2):
            defer(store, retries, "n", "normal", NOW + 10_000 * number)
        pauses.append(attempts(store, "normal")["n"] - 10_000 * number)
    assert pauses == [60, 120, 240, 480, 900, 900]
    assert store.progress(["n"])["n"].tries == Tries(6, NOW + 50_000)


def test_only_what_is_deferred_has_a_next_attempt(store: Store, retries: Retries) -> None:
    # Given deferred messages of which one is tried again, one ends, and one is put on hold by hand
    for id in ("tried", "ended", "withheld", "stays"):
        defer(store, retries, id, "bulk")
    store.move("start", ["tried"], NOW + 1)
    store.settle([Settlement("ended", Result.EXPIRED, NOW + 1)])
    store.move("withhold", ["withheld"], NOW + 1)
    assert attempts(store, "bulk") == {"stays": 900.0}
    # Then it is of no use to set one for the others
    retries.schedule(["tried", "ended", "withheld", "unknown"])
    assert attempts(store, "bulk") == {"stays": 900.0}


def test_no_attempt_is_made_after_the_messages_lifetime(store: Store, retries: Retries) -> None:
    defer(store, retries, "m", "bulk", NOW + 5 * DAY - 901)
    assert attempts(store, "bulk") == {"m": 5 * DAY - 1}
    defer(store, retries, "m", "bulk", NOW + 5 * DAY - 1)
    assert attempts(store, "bulk") == {}
    # But a message that was requeued begins its life in the MTA anew
    store.note({"m": Progress(before=DAY)})
    retries.schedule(["m"])
    assert attempts(store, "bulk") == {"m": 5 * DAY + 899}


def test_who_is_due_is_told_in_order_the_most_urgent_lane_first(store: Store, retries: Retries) -> None:
    for id, at in (("b2", 2.0), ("b1", 1.0), ("b3", 3.0)):
        defer(store, retries, id, "bulk", NOW + at)
    defer(store, retries, "p", "priority", NOW + 800)
    due = retries.due(NOW + 902, most=2)
    expected = (("p", "priority"), ("b1", "bulk"), ("b2", "bulk"))
    assert due == [Deferred(id, lane, "example.com") for id, lane in expected]
    # And who has been postponed waits as if it had been tried
    retries.postpone(due, NOW + 902)
    assert retries.due(NOW + 902, most=2) == []
    assert [one.id for one in retries.due(NOW + 903, most=2)] == ["b3"]
    assert attempts(store, "bulk") == {"b3": 903.0, "b1": 1802.0, "b2": 1802.0}


class Managed:
    """A manager, and what it has released and tried again."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self.released: list[str] = []
        self.retried: list[str] = []
        self._store = store
        self._manager = Manager(settings, store, self.released.extend, self.retried.extend)

    def tick(self, now: float) -> tuple[Sequence[str], Sequence[str]]:
        self._store.tracking.save({}, 1, 0, now)
        self.released.clear()
        self.retried.clear()
        self._manager.tick(now)
        return list(self.released), list(self.retried)


def test_the_manager_has_due_mail_tried_again_once_a_pause(store: Store, settings: Settings, retries: Retries) -> None:
    defer(store, retries, "p", "priority")
    manager = Managed(settings, store)
    tried = [second for second in range(100) if manager.tick(NOW + second)[1]]
    assert tried == [30, 60, 90]


def test_a_dead_destination_leaves_half_of_the_room_to_fresh_mail(
    store: Store, settings: Settings, retries: Retries
) -> None:
    # Given more due mail of a lane that holds than the window of ten takes, and as much fresh mail
    for number in range(30):
        defer(store, retries, f"n{number}", "normal")
        hold(store, f"b{number}", at=NOW - 3600)
    # Then each has half
    released, retried = Managed(settings, store).tick(NOW + 61)
    assert (len(released), len(retried)) == (5, 5)
    # And where nothing else is to go, it has all the room
    store.settle([Settlement(f"b{number}", Result.GONE, NOW) for number in range(30)])
    assert len(Managed(settings, store).tick(NOW + 61)[1]) == 10


def test_urgent_mail_is_tried_again_although_the_window_is_full(
    store: Store, settings: Settings, retries: Retries
) -> None:
    for number in range(10):
        store.admit(f"full{number}", candidates(record("quick")), NOW)
    defer(store, retries, "p", "priority")
    defer(store, retries, "n", "normal")
    assert Managed(settings, store).tick(NOW + 61) == ([], ["p"])


def test_what_is_paused_is_not_tried_and_hides_nothing(store: Store, settings: Settings, retries: Retries) -> None:
    # Given deferred mail of a paused lane, of a paused domain, and other
    defer(store, retries, "lane", "priority")
    defer(store, retries, "domain", "normal", domain="stop.example")
    defer(store, retries, "other", "normal")
    orders = Orders(store, settings)
    orders.pause("lane:priority")
    orders.pause("domain:stop.example")
    manager = Managed(settings, store)
    assert manager.tick(NOW + 61) == ([], ["other"])
    # And it is tried at its next turn once it may go
    orders.resume("lane:priority")
    orders.resume("domain:stop.example")
    assert manager.tick(NOW + 91)[1] == ["lane"]
    assert manager.tick(NOW + 121)[1] == ["lane", "domain", "other"]


def test_a_claim_of_held_mail_has_nothing_to_do_with_retries(store: Store, retries: Retries) -> None:
    defer(store, retries, "d", "bulk")
    hold(store, "h")
    assert store.claim(Wave("bulk", "example.com", 9, "hand"), NOW + 30) == ["h"]
    assert store.deferred(["d", "h", "unknown"]) == ["d"]
    assert store.client.zcard(store.keys.state(State.DEFERRED, "bulk")) == 1
