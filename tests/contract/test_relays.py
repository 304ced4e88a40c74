"""What is known of relays, on Valkey and on Redis: learned once, shared by all MTAs, and what is on its way."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import count

import msgspec
import pytest
from redis import Redis

from lanes.config import Settings
from lanes.config.load import parse
from lanes.message import PREFERENCES, Decision, Record
from lanes.mta.port import Stretch
from lanes.mta.postfix.grammar import PostfixGrammar
from lanes.routes.health import Breaker, Condition, Health, Tried, breaker
from lanes.routes.roads import Roads
from lanes.services.tracker import Tracker
from lanes.sla.relay_rules import RelaySeen
from lanes.store.alerts import Alerts
from lanes.store.keys import SharedKeys
from lanes.store.mtas import of
from lanes.store.relays import Flight, Relays
from lanes.store.store import Candidate, Store

NOW = 1_800_000_000.0
SETTINGS = parse("""
[relays.premium]
transport = "out"
cost = 0.02
nexthop = "[192.0.2.1]"
[relays.economy]
transport = "economy"
cost = 0.001
""")


@pytest.fixture
def settings() -> Settings:
    return SETTINGS


@pytest.fixture
def relays(store: Store) -> Relays:
    return Relays(store.client, SETTINGS)


def sent(seconds: float = 0.5, at: float = NOW) -> Tried:
    return Tried(at, "sent", "", seconds)


FAULT = Tried(NOW, "deferred", "4.4.1 refused")


def test_what_was_learned_is_known_to_all_mtas(store: Store, relays: Relays) -> None:
    other = Relays(store.client, of(SETTINGS, "mx2"))
    relays.learn(0, {"premium": [sent(0.5)]})
    other.learn(0, {"premium": [FAULT], "economy": [sent(2.0)]})
    known = relays.conditions(NOW)
    assert known == other.conditions(NOW)
    assert known["premium"].health.results == {"sent": 1, "deferred": 1}
    assert known["premium"].health.error == "4.4.1 refused"
    assert known["economy"].health.latency == 2.0


def test_a_stretch_of_the_log_that_is_read_again_teaches_nothing(relays: Relays) -> None:
    relays.learn(0, {"premium": [sent()]})
    relays.learn(1, {"premium": [sent()]})
    before = relays.conditions(NOW)
    relays.learn(1, {"premium": [sent(), FAULT], "economy": [FAULT]})
    assert relays.conditions(NOW) == before
    relays.learn(3, {"premium": [sent()]})
    assert relays.conditions(NOW)["premium"].health.results == {"sent": 3}


def test_two_trackers_that_learn_at_once_lose_nothing(store: Store, relays: Relays) -> None:
    # Given another MTA's tracker that comes between a look and a write
    other, stretches = Relays(store.client, of(SETTINGS, "mx2")), count()
    client = store.client

    class Between(Redis):
        """A client whose first transaction is disturbed."""

        def transaction(self, func, *watches, **kwargs):  # type: ignore[no-untyped-def]
            def disturbed(pipe):  # type: ignore[no-untyped-def]
                if next(stretches) == 0:
                    other.learn(7, {"premium": [FAULT]})
                func(pipe)

            return super().transaction(disturbed, *watches, **kwargs)

    mine = Relays(Between(connection_pool=client.connection_pool), SETTINGS)
    mine.learn(0, {"premium": [sent()]})
    assert relays.conditions(NOW)["premium"].health.results == {"sent": 1, "deferred": 1}


def test_depth_is_what_is_in_flight_by_a_relay_from_all_mtas(store: Store, relays: Relays) -> None:
    other = Relays(store.client, of(SETTINGS, "mx2"))
    relays.moved(Flight({"premium": {"a": NOW - 9, "b": NOW - 5}}, {}), NOW)
    other.moved(Flight({"premium": {"a": NOW - 1}}, {"economy": ["x"]}), NOW)
    known = relays.conditions(NOW)
    assert (known["premium"].depth, known["premium"].waiting) == (3, 5.0)
    assert (known["economy"].depth, known["economy"].waiting) == (0, 0.0)
    # When one arrives, and one starts anew under another id
    relays.moved(Flight({}, {"premium": ["a"]}, ["b"]), NOW)
    # Then only the other MTA's is left; one alone says nothing of how long mail takes
    assert relays.conditions(NOW)["premium"] == Condition(Health(), 1, 0.0)


def test_what_is_in_flight_for_too_long_is_forgotten(store: Store, relays: Relays) -> None:
    limit = SETTINGS.manager.inflight_limit
    relays.moved(Flight({"economy": {"old": NOW - limit - 1}}, {}), NOW - limit - 1)
    assert relays.conditions(NOW)["economy"].depth == 0
    relays.moved(Flight({"economy": {"new": NOW}}, {}), NOW)
    assert store.client.zcard(SharedKeys.flying("economy")) == 1


def test_of_a_relay_that_is_half_open_only_probes_count(relays: Relays) -> None:
    # Given a relay that was given mail, and failed
    relays.moved(Flight({"premium": {"a": NOW - 1, "b": NOW}}, {}), NOW)
    relays.learn(0, {"premium": [FAULT] * SETTINGS.roads.failures})
    known = relays.conditions(NOW)["premium"]
    assert (breaker(known.health, NOW), known.depth) == (Breaker.OPEN, 2)
    # When it may be tried again
    again = known.health.open_until
    assert relays.conditions(again)["premium"].depth == 0
    relays.moved(Flight({"premium": {"probe": again + 1}}, {}), again + 1)
    assert relays.conditions(again + 2)["premium"].depth == 1


JUNK = [b"junk", b"\xff", b"\x91\xc4\x01\xff", b"", *map(msgspec.msgpack.encode, (
    [math.nan], [math.inf], [-1.0], [1.0, math.nan], [1.0, 2.0], [0, 1, 0, 0, -1], [0, 1, 0, 0, 10**18],
))]  # fmt: skip


@pytest.mark.parametrize("junk", JUNK)
def test_what_cannot_be_read_is_a_relay_of_which_nothing_is_known(store: Store, relays: Relays, junk: bytes) -> None:
    store.client.hset(SharedKeys.relays, "premium", junk)
    assert relays.conditions(NOW)["premium"] == Condition()
    relays.learn(0, {"premium": [sent()]})
    assert relays.conditions(NOW)["premium"].health.results == {"sent": 1}


def test_whatever_is_in_flight_a_relay_can_be_chosen(store: Store, relays: Relays) -> None:
    scores: dict[bytes, float] = {b"a": math.inf, b"b": -math.inf, b"\xff": 0, b"c": NOW, b"d": 2**60}
    store.client.zadd(SharedKeys.flying("premium"), scores)
    roads = Roads(SETTINGS, lambda: 0.5)
    roads.learn(relays.conditions(NOW), {}, NOW)
    for preference in PREFERENCES:
        assert roads.choose(Decision("normal", NOW, preference), "", "example.com", NOW).relay


class Log:
    """A log that is given line by line, and read again from a place."""

    def __init__(self, lines: list[str], place: Mapping[str, str]) -> None:
        self._lines, self._at = lines, int(place.get("at", 0))

    def read(self, limit: int) -> Stretch:
        lines = self._lines[self._at : self._at + limit]
        self._at += len(lines)
        return Stretch(lines, {"at": str(self._at)}, self._at == len(self._lines))

    def close(self) -> None:
        pass


def line(id: str, said: str, daemon: str = "qmgr", second: int = 0) -> str:
    return f"2027-01-15T08:00:{second:02}+00:00 mx1 postfix/{daemon}[1]: {id}: {said}"


def attempt(id: str, said: str, daemon: str, host: str = "h[192.0.2.1]:25", to: str = "a@example.com") -> str:
    return line(id, f"to=<{to}>, relay={host}, delay=3, delays=1/1/0.5/0.25, {said}", daemon)


ACTIVE = "from=<b@example.com>, size=1, nrcpt=1 (queue active)"
SENT, REFUSED = "dsn=2.0.0, status=sent (250 Ok)", "dsn=4.4.1, status=deferred (connect: refused)"
IDS = [f"4jYTDZ4h8{letter}zJC7V" for letter in "bcdfghjklm"]


def test_the_rules_for_alerts_see_it(store: Store, relays: Relays) -> None:
    relays.learn(0, {"premium": [FAULT] * SETTINGS.roads.failures})
    premium, economy = Alerts(store, SETTINGS).seen(NOW + 20).relays
    assert premium == RelaySeen("premium", 20.0, "4.4.1 refused", PREFERENCES)
    assert economy == RelaySeen("economy", None, "", PREFERENCES)


@pytest.fixture
def mail(store: Store) -> list[str]:
    """Messages that were given to the premium relay."""
    for id in IDS:
        record = Record("normal", NOW, NOW + 3600, "example.com", 1, "premium", "b@example.com", "hello")
        store.admit(id, [Candidate(record)], NOW)
    return IDS


def tracker(store: Store, lines: list[str]) -> Tracker:
    return Tracker(SETTINGS, store, PostfixGrammar(), lambda place: Log(lines, place), lambda: NOW + 5)


def test_the_tracker_tells_of_the_relay_that_the_log_names(store: Store, relays: Relays, mail: list[str]) -> None:
    # Given mail for the premium relay, of which the MTA gave some to another one, and some to nobody
    first, second, third, fourth, fifth = mail[:5]
    log = [*(line(id, ACTIVE) for id in mail[:5]),
           attempt(first, SENT, "out/smtp"), line(first, "removed"),
           attempt(second, SENT, "economy/smtp"), line(second, "removed"),
           attempt(third, REFUSED, "out/smtp", "none"),
           attempt(fourth, REFUSED, "error", "none")]
    tracker(store, log).step()
    known = relays.conditions(NOW + 5)
    # Then each relay is known by what it did, and what was not even tried counts against the one that it was for
    assert known["premium"].health.results == {"sent": 1, "deferred": 2}
    assert known["economy"].health.results == {"sent": 1}
    assert known["premium"].health.latency == 0.75
    assert known["premium"].health.error == "4.4.1 connect: refused"
    # And what is neither delivered nor deferred is on its way
    assert (known["premium"].depth, known["economy"].depth) == (1, 0)
    assert store.client.zrange(SharedKeys.flying("premium"), 0, -1) == [f"mx1:{fifth}".encode()]


def test_recipients_and_destinations_troubles_are_not_the_relays(
    store: Store, relays: Relays, mail: list[str]
) -> None:
    # Given mailboxes that are full or unknown, and by a relay without a next hop, a destination that is dead
    full, unknown = "dsn=4.2.2, status=deferred (full)", "dsn=5.1.1, status=bounced (unknown)"
    log = [attempt(id, said, "out/smtp") for id in mail for said in (full, unknown)]
    log += [attempt(id, REFUSED, "economy/smtp", "none") for id in mail]
    tracker(store, log).step()
    # Then both relays are well
    known = relays.conditions(NOW + 5)
    assert {name: breaker(one.health, NOW + 5) for name, one in known.items()} == {
        "premium": Breaker.CLOSED, "economy": Breaker.CLOSED,
    }  # fmt: skip
    assert known["premium"].health.results == {"deferred": 10, "bounced": 10}
    # And when the other's next hop is, it is not
    tracker(store, log + [attempt(id, REFUSED, "out/smtp", "none") for id in mail]).step()
    assert breaker(relays.conditions(NOW + 5)["premium"].health, NOW + 5) is Breaker.OPEN


def test_a_tracker_that_died_before_it_could_note_its_place_teaches_nothing_twice(
    store: Store, relays: Relays, mail: list[str]
) -> None:
    log = [line(mail[0], ACTIVE), attempt(mail[0], SENT, "out/smtp")]
    tracker(store, log).step()
    before = relays.conditions(NOW + 5)
    # When the place is lost that it wrote last
    store.client.delete(store.keys.place)
    tracker(store, log).step()
    # Then nothing counts twice, and what comes after it counts
    assert relays.conditions(NOW + 5) == before
    tracker(store, [*log, attempt(mail[1], SENT, "out/smtp")]).step()
    assert relays.conditions(NOW + 5)["premium"].health.results == {"sent": 2}


def test_mail_that_starts_anew_under_another_id_is_no_longer_on_its_way_by_the_relay(
    store: Store, relays: Relays, mail: list[str]
) -> None:
    log = [line(mail[0], ACTIVE), line("4jYTDZ4h8zzJC7V", f"uid=0 from=<b@example.com> orig_id={mail[0]}", "pickup")]
    tracker(store, log[:1]).step()
    assert relays.conditions(NOW + 5)["premium"].depth == 1
    tracker(store, log).step()
    assert relays.conditions(NOW + 5)["premium"].depth == 0
