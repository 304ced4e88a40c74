"""What is learned of recipient domains, kept in Redis, and what the planner makes of it."""

from __future__ import annotations

import pytest

from contrib.sandbox.redis import PrivateRedis
from lanes.config import Settings
from lanes.config.load import parse
from lanes.mta.port import Attempt, Outcome
from lanes.schedule.plan import plan
from lanes.services.lessons import Lessons
from lanes.store.domains import Domains
from lanes.store.laneviews import LaneViews
from lanes.store.orders import Orders
from lanes.store.store import Store
from tests.contract.test_store import candidates, record
from tests.contract.test_store import hold as hold_until

HOUR, DAY = 3600.0, 86400.0
MIDNIGHT = 1_700_006_400.0  # 2023-11-15 00:00 UTC
NOW = MIDNIGHT + 9 * HOUR
LATER, GREYLISTED, FULL = "4.7.0", "4.7.1", "4.2.2"


@pytest.fixture
def settings(server: PrivateRedis) -> Settings:
    return parse(f"""
    redis.url = "{server.url}"
    domains.remembered = 50
    [lanes.bulk.batch]
    size = 4
    streams = 2
    [lanes.bulk.batch.domains."small.example"]
    size = 2
    streams = 1
    """)


def hold(store: Store, *ids: str, domain: str, at: float = NOW, slack: float = DAY) -> None:
    hold_until(store, *ids, domain=domain, at=at, deadline=at + slack)


class House:
    """Bulk, and what becomes of it."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.domains = Domains(store.client, store.keys, settings)
        self._store = store
        self._settings = settings
        self._learn = Lessons(settings, store)
        self._views = LaneViews(store, settings)
        for lane in ("bulk", "normal"):
            store.admit(lane, candidates(record(lane)), NOW, watch=True)
            store.move("withhold", [lane], NOW)

    def tried(self, at: float, dsn: str = "2.0.0", domain: str = "a.example", lane: str = "bulk",
              seconds: float = 0.2) -> None:
        """An attempt was made; a code that begins with 4 is a deferral."""
        outcome = Outcome.DEFERRED if dsn.startswith("4") else Outcome.SENT
        stages = (1.0, 0.0, seconds / 2, seconds / 2)
        self._learn([Attempt(lane, at, f"r@{domain}", outcome, "smtp", "x[192.0.2.1]:25", 2.0, stages, dsn, "")], at)

    def limit(self, at: float, domain: str = "a.example") -> int | None:
        """How many messages may be in flight to a domain."""
        views = self._views
        return views.domains("bulk", [domain], views.paused(), at, [domain])[domain].limit

    def leaves(self, at: float) -> list[tuple[str, int]]:
        """What is planned: domain and number."""
        waves = plan(self._views.look(50, at), self._settings.lanes, 50, at)
        return sorted((wave.domain, wave.count) for wave in waves)


@pytest.fixture
def house(store: Store, settings: Settings) -> House:
    return House(store, settings)


def test_a_domain_that_defers_backs_off_and_is_probed_with_one_message(house: House, store: Store) -> None:
    # Given a batch for each of two domains
    hold(store, "a1", "a2", "a3", "a4", domain="a.example")
    hold(store, "b1", "b2", "b3", "b4", domain="b.example")
    # When one of them defers
    house.tried(NOW, GREYLISTED)
    # Then only the other one's leaves; and after a minute one message as a probe
    assert house.leaves(NOW + 59) == [("b.example", 4)]
    assert house.leaves(NOW + 60) == [("a.example", 1), ("b.example", 4)]
    # And when that is delivered, the batch
    house.tried(NOW + 61)
    assert house.leaves(NOW + 62) == [("a.example", 4), ("b.example", 4)]


def test_a_probe_that_is_in_flight_is_the_only_one(house: House, store: Store) -> None:
    hold(store, "a1", "a2", "a3", "a4", domain="a.example")
    house.tried(NOW, GREYLISTED)
    store.move("start", ["a1"], NOW + 60)
    assert house.leaves(NOW + 61) == []


def test_a_full_mailbox_and_another_lanes_mail_do_not_close_a_domain(house: House) -> None:
    house.tried(NOW, FULL)
    house.tried(NOW, GREYLISTED, lane="normal")
    assert house.limit(NOW + 1) == 8


def test_a_message_for_several_domains_teaches_each_its_own(house: House) -> None:
    house.tried(NOW, domain="a.example")
    house.tried(NOW, LATER, domain="b.example")
    assert (house.limit(NOW + 1, "a.example"), house.limit(NOW + 1, "b.example")) == (8, 0)


def test_what_a_domain_bears_is_learned_within_its_own_bounds(house: House) -> None:
    # Given a domain with bounds of its own, that defers, and then takes mail
    for domain in ("a.example", "small.example"):
        house.tried(NOW, LATER, domain=domain)
        house.tried(NOW + 61, domain=domain)
    assert (house.limit(NOW + 62), house.limit(NOW + 62, "small.example")) == (4, 1)
    # When it has taken a lot
    for number in range(100):
        house.tried(NOW + 100 + number)
        house.tried(NOW + 100 + number, domain="small.example")
    assert (house.limit(NOW + 300), house.limit(NOW + 300, "small.example")) == (8, 2)


def test_mail_waits_for_an_hour_at_which_its_domain_takes_it_but_not_if_it_presses(house: House, store: Store) -> None:
    # Given a domain that defers half of what it gets from nine to ten, and takes all at other hours
    for number in range(5 * 24 * 10):
        at = NOW - (9 + 5 * 24) * HOUR + number * HOUR / 10
        bad = 9 <= (at - MIDNIGHT) % DAY / HOUR < 10 and number % 2
        house.tried(at, LATER if bad else "2.0.0")
    for number in range(20):
        house.tried(NOW - HOUR + number)
    hold(store, "a1", "a2", "a3", "a4", domain="a.example")
    hold(store, "b1", "b2", "b3", "b4", domain="b.example")
    # Then its batch waits until ten
    assert house.leaves(NOW + 60) == [("b.example", 4)]
    assert house.leaves(NOW + HOUR + 1) == [("a.example", 4), ("b.example", 4)]
    # But a message whose slack is short takes its mates along
    hold(store, "a5", domain="a.example", slack=300)
    assert house.leaves(NOW + 60) == [("a.example", 4), ("b.example", 4)]


def test_domains_that_were_not_tried_for_longest_are_forgotten(house: House, store: Store) -> None:
    for number in range(80):
        house.tried(NOW + number, GREYLISTED, domain=f"{number}.example")
    house.tried(NOW + 100, domain="30.example")
    assert store.client.hlen(store.keys.known("bulk")) == store.client.zcard(store.keys.tried("bulk")) == 50
    # A domain that is forgotten is one that was never tried
    assert (house.limit(NOW + 90, "29.example"), house.limit(NOW + 90, "79.example")) == (8, 0)


def test_domains_are_shown_the_largest_first_and_then_those_tried_last(house: House, store: Store) -> None:
    hold(store, "b1", "b2", domain="b.example")
    hold(store, "a1", domain="a.example", at=NOW + 1)
    house.tried(NOW + 1, domain="c.example")
    house.tried(NOW + 2, domain="d.example")
    names = house.domains.foremost("bulk", 3)
    assert names == ["b.example", "a.example", "d.example"]
    seen = house.domains.seen("bulk", names, NOW + 3)
    assert [(one.held, one.oldest, one.known is not None) for one in seen.values()] == [
        (2, NOW, False), (1, NOW + 1, False), (0, 0.0, True),
    ]  # fmt: skip


def test_a_domain_that_an_operator_stopped_is_shown_so(house: House, store: Store, settings: Settings) -> None:
    # Given mail for two domains, and a third that is only remembered
    hold(store, "a1", domain="a.example")
    hold(store, "b1", domain="b.example")
    house.tried(NOW, domain="c.example")
    # When one of them is paused
    Orders(store, settings).pause("domain:b.example")
    # Then it alone is shown as paused
    rows = house.domains.rows(["priority", "bulk"], 10, NOW)
    assert {row.seen.name: row.paused for row in rows} == {"a.example": False, "b.example": True, "c.example": False}


def test_any_number_of_domains_can_be_asked_for(house: House, store: Store) -> None:
    hold(store, "last", domain="11999.example")
    seen = house.domains.seen("bulk", (f"{number}.example" for number in range(12_000)), NOW)
    assert len(seen) == 12_000
    assert [name for name, one in seen.items() if one.held] == ["11999.example"]


def test_what_is_no_knowledge_is_none(house: House, store: Store) -> None:
    store.client.hset(store.keys.known("bulk"), "a.example", b"\xc1junk")
    assert house.limit(NOW) == 8
    house.tried(NOW, GREYLISTED)
    assert house.limit(NOW + 1) == 0
