"""What was in time over the last minutes, hours and days: on Valkey and on Redis."""

from __future__ import annotations

import pytest

from lanes.config import Settings
from lanes.life import Result
from lanes.message import Record
from lanes.sla.objective import SPANS, Outcomes
from lanes.store.alerts import Alerts
from lanes.store.ledger import Ledger
from lanes.store.settling import Settlement
from lanes.store.store import Candidate, Store

NOW = 1_800_000_000.0
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


@pytest.fixture
def ledger(store: Store, settings: Settings) -> Ledger:
    return Ledger(store, settings)


def deliver(store: Store, at: float, *, late: bool = False) -> None:
    store.admit(f"m{at}", [Candidate(Record("bulk", at - 10, at - late, "example.com", 1, "", "a@b.c", "hello"))], at)
    store.settle([Settlement(f"m{at}", Result.DELIVERED, at, 10.0)])


def test_a_span_counts_what_happened_in_it_and_nothing_before(store: Store, ledger: Ledger) -> None:
    # Given an hour of mail, a message a minute, the last ten of them late
    ledger.note(NOW)
    for minute in range(60):
        deliver(store, NOW + minute * MINUTE + 1, late=minute >= 50)
        ledger.note(NOW + (minute + 1) * MINUTE)
    told = ledger.lately(NOW + HOUR)["bulk"]
    # Then five minutes, half an hour and the whole hour are told apart
    assert told[5 * MINUTE] == Outcomes(5, 5)
    assert told[30 * MINUTE] == Outcomes(30, 10)
    assert told[HOUR] == Outcomes(60, 10)
    # And of longer spans what is known
    assert told[3 * DAY] == Outcomes(60, 10)
    assert ledger.lately(NOW + HOUR)["priority"][HOUR] == Outcomes()


def test_a_ledger_that_was_not_kept_for_a_while_tells_of_a_longer_span(store: Store, ledger: Ledger) -> None:
    ledger.note(NOW)
    deliver(store, NOW + HOUR)
    ledger.note(NOW + 2 * HOUR)
    assert ledger.lately(NOW + 2 * HOUR + MINUTE)["bulk"][30 * MINUTE] == Outcomes(1, 0)
    assert ledger.lately(NOW + 3 * HOUR)["bulk"][30 * MINUTE] == Outcomes()


def test_an_entry_is_made_once_a_minute_and_forgotten_after_some_days(store: Store, ledger: Ledger) -> None:
    for second in range(0, 601, 10):
        ledger.note(NOW + second)
    assert store.client.zcard(store.keys.ledger) == 11
    ledger.note(NOW + 4 * DAY)
    assert store.client.zcard(store.keys.ledger) == 1


def test_what_was_delivered_before_the_ledger_began_is_nobodys_fault(store: Store, ledger: Ledger) -> None:
    deliver(store, NOW, late=True)
    assert ledger.lately(NOW + MINUTE)["bulk"] == dict.fromkeys(SPANS, Outcomes())
    ledger.note(NOW + MINUTE)
    assert ledger.lately(NOW + HOUR)["bulk"] == dict.fromkeys(SPANS, Outcomes())


def test_an_entry_that_cannot_be_read_is_nothing(store: Store, ledger: Ledger) -> None:
    store.client.zadd(store.keys.ledger, {b"junk": NOW})
    assert ledger.lately(NOW + HOUR)["bulk"] == dict.fromkeys(SPANS, Outcomes())


def test_the_rules_see_it(store: Store, settings: Settings, ledger: Ledger) -> None:
    ledger.note(NOW)
    deliver(store, NOW + 1, late=True)
    seen = {lane.lane: lane for lane in Alerts(store, settings).seen(NOW + MINUTE).lanes}
    assert seen["bulk"].outcomes[HOUR] == Outcomes(1, 1)
    assert seen["bulk"].period == settings.sla.period
