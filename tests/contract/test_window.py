"""The window in Redis: who sets it, who reads it, and what outlives whom; on Valkey and on Debian's Redis."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from contrib.sandbox.redis import PrivateRedis
from lanes.config import Settings
from lanes.config.load import parse
from lanes.life import Result
from lanes.mta.port import Attempt, Outcome
from lanes.schedule.turn import Kept
from lanes.schedule.window import Phase, Waited, Window
from lanes.services.lessons import Lessons
from lanes.services.manager import Manager
from lanes.store.settling import Settlement
from lanes.store.store import Store
from lanes.store.views import Views
from tests.contract.test_store import NOW, candidates, hold, record

TICK = 0.2


@pytest.fixture
def settings(server: PrivateRedis) -> Settings:
    return parse(f"""
    redis.url = "{server.url}"
    [manager]
    window_min = 4
    window_max = 50
    [lanes.bulk.batch]
    size = 1
    streams = 100
    """)


class Site:
    """A manager, and an MTA that delivers what it is given, or some of it, within a tick."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._store = store
        self._learn = Lessons(settings, store)
        self.now = NOW
        self.given: list[str] = []
        self.manager = Manager(settings, store, self._take, self._take)

    def _take(self, ids: Sequence[str]) -> None:
        self._store.move("start", ids, self.now)
        self.given += ids

    def tick(self, waits: float = 0.0, most: int = 1000) -> int:
        """Deliver up to so many that had waited so long, then one turn; how many are in flight after it."""
        done, self.given = self.given[:most], self.given[most:]
        self._learn([delivered(id, self.now, waits) for id in done], self.now)
        self._store.settle([Settlement(id, Result.DELIVERED, self.now, 1.0) for id in done])
        self.now += TICK
        self._store.tracking.save({}, 1, 0, self.now)
        self.manager.tick(self.now)
        return len(self.given)


def _nobody(_ids: Sequence[str]) -> None:
    """No worker."""


def delivered(id: str, at: float, waited: float) -> Attempt:
    stages = (1.0, waited, 0.1, 0.1)
    return Attempt(id, at, "r@a.example", Outcome.SENT, "smtp", "a[192.0.2.1]:25", sum(stages), stages, "2.0.0", "")


def test_it_opens_while_the_mta_takes_all_and_closes_when_mail_stands(settings: Settings, store: Store) -> None:
    # Given much bulk, and an MTA that delivers at once
    hold(store, *(f"m{number:04d}" for number in range(400)))
    site = Site(settings, store)
    # Then the window opens from tick to tick, up to its limit
    assert [site.tick() for _ in range(4)] == [4, 16, 50, 50]
    # And when mail stands in the MTA for longer than the interval, it closes
    for _ in range(60):
        after = site.tick(waits=3.0, most=2)
    assert after < 40
    # And is explained
    status = Views(store, settings).window(site.now)
    assert (status.size, status.phase) == (after, Phase.CLOSING.value)


def test_a_manager_that_starts_anew_goes_on_with_the_window_as_it_was(settings: Settings, store: Store) -> None:
    hold(store, *(f"m{number:04d}" for number in range(200)))
    site = Site(settings, store)
    for _ in range(4):
        site.tick()
    again = Site(settings, store)
    again.now, again.given = site.now, site.given
    assert again.tick() == 50


def test_a_fixed_window_stays_what_the_settings_say(server: PrivateRedis, store: Store) -> None:
    # Given a window that had set itself, and settings that fix it
    store.flow.keep(Kept(Window(30.0, phase=Phase.OPENING)))
    settings = parse(f'redis.url = "{server.url}"\nmanager.window = 7\n[lanes.bulk.batch]\nsize = 9')
    hold(store, *(f"m{number:04d}" for number in range(100)))
    site = Site(settings, store)
    assert [site.tick(), site.tick(), site.tick(waits=9.0)] == [7, 7, 7]
    assert Views(store, settings).window(site.now).phase == Phase.FIXED.value
    # And when it may set itself again, it begins anew
    free = parse(f'redis.url = "{server.url}"')
    Manager(free, store, _nobody, _nobody).tick(site.now)
    kept = store.flow.window()
    assert kept is not None
    assert (kept.size, kept.phase) == (20, Phase.RESTING)


def test_the_filter_holds_congested_mail_by_the_window_that_is_kept(store: Store) -> None:
    # Given five messages in flight
    for number in range(5):
        store.admit(f"p{number}", candidates(record("priority")), NOW)
    # Then a window that nobody keeps is the first (4) and full, one of six has room, and one of five is full
    assert store.admit("n1", candidates(record("normal")), NOW).action == "hold"
    store.settle([Settlement("n1", Result.GONE, NOW)])
    store.flow.keep(Kept(Window(6.9)))
    assert store.admit("n2", candidates(record("normal")), NOW).action == "pass"
    store.flow.keep(Kept(Window(6.0)))
    assert store.admit("n3", candidates(record("normal")), NOW).action == "hold"


def test_what_mail_waited_is_told_once_by_lane(settings: Settings, store: Store) -> None:
    # Given deliveries of two lanes, one of an unknown message, and one of long ago
    for id, lane in (("p", "priority"), ("b1", "bulk"), ("b2", "bulk"), ("old", "bulk")):
        store.admit(id, candidates(record(lane)), NOW)
    attempts = [delivered("p", NOW, 0.25), delivered("b1", NOW, 3.0), delivered("nobody", NOW, 0.0)]
    old = delivered("old", NOW - 11, 0.0)
    deferred = delivered("b2", NOW, 0.0)._replace(outcome=Outcome.DEFERRED)
    # When they are told in two stretches
    learn = Lessons(settings, store)
    learn([*attempts, old, deferred], NOW)
    learn([delivered("b2", NOW, 2.0)], NOW)
    # Then the manager is told the least of each lane, once
    assert store.flow.take() == (None, {"priority": Waited(0.25, 1), "bulk": Waited(2.0, 2)})
    assert store.flow.take() == (None, {})


def test_what_nobody_takes_does_not_pile_up(store: Store) -> None:
    for number in range(1000):
        store.flow.waited({"bulk": Waited(float(number), 1)})
    assert store.flow.take()[1] == {"bulk": Waited(900.0, 100)}


def test_what_is_no_window_is_none(store: Store) -> None:
    store.client.hset(store.keys.window, "kept", b"\xc1")
    store.client.rpush(store.keys.waited, b"junk")
    assert store.flow.take() == (None, {})
    assert store.flow.window() is None
