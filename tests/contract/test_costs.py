"""What mail cost, to the last micro-unit: booked once, to the relay that the log names; on Valkey and on Redis."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from lanes.config import Settings
from lanes.config.load import parse
from lanes.life import Result
from lanes.message import Record
from lanes.routes.cost import DAY, Spent
from lanes.store import settling
from lanes.store.costs import Costs, kept_days
from lanes.store.mtas import Mtas, of
from lanes.store.settling import Settlement
from lanes.store.store import Candidate, Store
from tests.paper import RELAYS

NOW = 1_800_000_000.0
TODAY = int(NOW // DAY)
SETTINGS = parse(RELAYS + """
[relays.free]
transport = "free"
cost = 0
[budgets.bulk]
lane = "bulk"
amount = 1
[budgets.news]
sender = "news@example.com"
amount = 1
""")
TRANSPORTS = ("premium", "standard", "economy", "free", "smtp", "")


@pytest.fixture
def settings() -> Settings:
    return SETTINGS


@pytest.fixture
def costs(store: Store) -> Costs:
    return Costs(store.client, SETTINGS)


def admit(store: Store, id: str, lane: str = "normal", sender: str = "a@example.com", relay: str = "") -> None:
    record = Record(lane, NOW, NOW + 3600, "example.com", 1, relay, sender, "hello")
    store.admit(id, [Candidate(record)], NOW)


def delivered(id: str, transport: str, at: float = NOW) -> Settlement:
    return Settlement(id, Result.DELIVERED, at, 5.0, None, transport)


def test_a_message_is_paid_for_to_the_relay_that_the_log_names(store: Store, costs: Costs) -> None:
    # Given mail that was given to one relay, and delivered by another
    admit(store, "a", relay="premium")
    admit(store, "b", "bulk", relay="economy")
    store.settle([delivered("a", "standard"), delivered("b", "economy")])
    # Then each is booked where it went, with what the dearest would have cost
    booked = {("normal", "standard"): Spent(1, 5000, 20000), ("bulk", "economy"): Spent(1, 1000, 20000)}
    assert costs.totals() == booked
    assert costs.days([TODAY, TODAY - 1]) == {TODAY: booked, TODAY - 1: {}}
    assert costs.senders([TODAY]) == {"a@example.com": 6000}


def test_it_is_paid_for_once_however_often_its_end_is_told(store: Store, costs: Costs) -> None:
    admit(store, "a")
    for _ in range(3):
        store.settle([delivered("a", "premium"), delivered("a", "premium")])
    store.settle([delivered("unknown", "premium")])
    assert costs.totals() == {("normal", "premium"): Spent(1, 20000, 20000)}
    assert costs.senders([TODAY]) == {"a@example.com": 20000}


def test_what_was_not_delivered_or_went_by_no_relay_costs_nothing(store: Store, costs: Costs) -> None:
    for id in "abc":
        admit(store, id, relay="premium")
    store.settle([Settlement("a", Result.BOUNCED, NOW, None, None, "premium"), delivered("b", "smtp"),
                  delivered("c", "")])
    assert costs.totals() == {}
    assert not store.client.exists(store.keys.spent(TODAY), store.keys.spenders(TODAY))


def test_a_day_is_the_day_of_delivery_in_utc_and_is_kept_for_five_weeks(store: Store, costs: Costs) -> None:
    midnight = (TODAY + 1) * DAY
    for id, at in (("a", midnight - 1), ("b", midnight)):
        admit(store, id)
        store.settle([delivered(id, "free", at)])
    one = {("normal", "free"): Spent(1, 0, 20000)}
    assert costs.days([TODAY, TODAY + 1]) == {TODAY: one, TODAY + 1: one}
    assert kept_days(NOW) == range(TODAY - 34, TODAY + 1)
    assert 34 * DAY < store.client.ttl(store.keys.spent(TODAY)) <= 35 * DAY


def test_only_those_who_spent_most_are_remembered(
    store: Store, costs: Costs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "SPENDERS", 3)
    # Given more senders than are remembered, who spent one after the other a little more
    for number in range(6):
        for message in range(number + 1):
            admit(store, f"m{number}-{message}", sender=f"s{number}@example.com")
        store.settle([delivered(f"m{number}-{message}", "economy") for message in range(number + 1)])
    # Then those are left that spent most, and who spent nothing is not among them
    assert costs.senders([TODAY]) == {"s3@example.com": 4000, "s4@example.com": 5000, "s5@example.com": 6000}
    assert 0 < store.client.ttl(store.keys.spenders(TODAY)) <= 35 * DAY


def test_a_budget_is_charged_by_all_mtas_together(store: Store, costs: Costs) -> None:
    # Given two MTAs, and mail of a lane and of a sender that have budgets
    second = of(SETTINGS, "mx2")
    other = Store(store.client, second)
    for one, terms in ((store, SETTINGS), (other, second)):
        Mtas(one, terms).heard(NOW)
        admit(one, "a", "bulk", "news@example.com")
        admit(one, "b", "normal", "news@example.com")
        admit(one, "c", "bulk")
        one.settle([delivered(id, "economy") for id in "abc"])
    # Then each is charged for what is its own, and a message of both to both
    assert costs.budgets(NOW) == Costs(store.client, second).budgets(NOW) == {"bulk": 4000, "news": 4000}
    # And tomorrow is another day
    assert costs.budgets(NOW + DAY) == {"bulk": 0, "news": 0}


@hypothesis_settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(["normal", "bulk"]), st.sampled_from(TRANSPORTS), st.booleans()),
                max_size=30))
def test_the_sums_are_exact_whatever_is_told_in_whatever_stretches(
    store: Store, mail: list[tuple[str, str, bool]]
) -> None:
    # Given mail, and ends that are told in several stretches, some twice
    store.client.flushall()
    for number, (lane, _, _) in enumerate(mail):
        admit(store, f"m{number}", lane)
    ends = [delivered(f"m{number}", transport) for number, (_, transport, _) in enumerate(mail)]
    store.settle(ends[: len(ends) // 2])
    store.settle([end for end, (_, _, again) in zip(ends, mail, strict=True) if again])
    store.settle(ends)
    # Then the sum is that of all prices
    micros = {"premium": 20000, "standard": 5000, "economy": 1000, "free": 0}
    expected: dict[tuple[str, str], Spent] = {}
    for lane, transport, _ in mail:
        if transport in micros:
            one = Spent(1, micros[transport], 20000)
            expected[lane, transport] = expected.get((lane, transport), Spent()).plus(one)
    assert Costs(store.client, SETTINGS).totals() == expected


def test_what_cannot_be_read_is_nothing(store: Store, costs: Costs) -> None:
    store.client.hset(store.keys.costs, mapping={"junk": "1", "micro:a": "1", "micro:normal:premium": "many"})
    store.client.hset(store.keys.costs, mapping={"messages:normal:premium": "2", b"\xff": "1"})
    assert costs.totals() == {("normal", "premium"): Spent(2, 0, 0)}
    store.client.hset(store.keys.spent(TODAY), "budget:bulk", "-1")
    assert costs.budgets(NOW) == {"bulk": 0, "news": 0}
