"""What mail costs, to the last micro-unit; budgets; and where recipients are."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanes.config.load import parse
from lanes.message import Decision
from lanes.routes.carrier import Carriers
from lanes.routes.cost import Budgets, Spent, micro, money, price
from lanes.routes.health import Condition, Health
from lanes.routes.regions import Regions
from lanes.routes.roads import Roads

SETTINGS = parse("""
[relays.premium]
transport = "out"
cost = 0.02
[relays.standard]
transport = "out"
cost = 0.005
[relays.economy]
transport = "economy"
cost = 0.001
[budgets.letters]
sender = "news@example.com"
amount = 1.5
[budgets.bulk]
lane = "bulk"
amount = 10
[budgets.shop]
lane = "normal"
sender = "*.example.org"
amount = 0
""")


def test_a_message_costs_what_its_relay_does_and_would_have_cost_what_the_dearest_does() -> None:
    assert price(SETTINGS.relays, "economy") == Spent(1, 1000, 20000)
    assert price(SETTINGS.relays, "premium").saved == 0
    assert price(SETTINGS.relays, "standard").plus(price(SETTINGS.relays, "economy")) == Spent(2, 6000, 40000)


@given(st.integers(0, 10**12))
def test_what_is_written_in_six_decimals_is_counted_exactly(micros: int) -> None:
    assert micro(float(f"{micros / 10**6:.6f}")) == micros
    assert micro(float(money(micros))) == micros


@pytest.mark.parametrize(("micros", "said"), [(0, "0.00"), (1000, "0.001"), (20000, "0.02"), (1_500_000, "1.50"),
                                              (-1_000_001, "-1.000001"), (123_456_789, "123.456789")])
def test_money_is_written_as_people_write_it(micros: int, said: str) -> None:
    assert money(micros) == said


def test_a_budget_is_charged_for_its_lane_or_its_sender_or_mail_of_both() -> None:
    budgets = Budgets(SETTINGS.budgets)
    assert budgets.of("bulk", "News@Example.com") == ["letters", "bulk"]
    assert budgets.of("normal", "news@example.com") == ["letters"]
    assert budgets.of("normal", "a@shop.example.org") == ["shop"]
    assert budgets.of("normal", "a@example.org") == []
    assert budgets.of("priority", "a@shop.example.org") == []


def test_a_budget_is_used_up_when_so_much_was_spent() -> None:
    budgets = Budgets(SETTINGS.budgets)
    assert budgets.over({"letters": 1_499_999}) == {"shop": "0.00 of 0.00 spent today"}
    assert budgets.over({"letters": 1_500_000, "gone": 5})["letters"] == "1.50 of 1.50 spent today"


def test_mail_over_budget_takes_the_cheapest_road_and_says_so() -> None:
    # Given a filter that knows that a budget is used up
    roads = Roads(SETTINGS, random.Random(0).random)
    roads.learn({name: Condition(Health(latency=0.1)) for name in SETTINGS.relays}, {"letters": 1_600_000}, 0.0)
    urgent = Decision("priority", 60.0, "speed", relay="premium")
    # Then its sender's mail goes the cheapest way, whatever was asked for
    choice = roads.choose(urgent, "news@example.com", "example.net", 0.0)
    assert choice.relay == "economy"
    assert (choice.evidence[0].rule, choice.evidence[0].saw, choice.evidence[0].says) == (
        "budget", "letters: 1.60 of 1.50 spent today", "economy, not premium",
    )  # fmt: skip
    # And nobody else's does
    assert roads.choose(urgent, "a@example.com", "example.net", 0.0).relay == "premium"


def test_without_relays_all_mail_takes_the_mtas_own_road() -> None:
    roads = Roads(parse(""), random.Random(0).random)
    assert roads.choose(Decision("bulk", 60.0, "economy"), "a@example.com", "example.net", 0.0) == ("", (), "")
    roads.given("")


def test_a_transport_is_the_relay_that_was_given_or_the_first_that_has_it() -> None:
    carriers = Carriers(SETTINGS.relays)
    assert [carriers.of("out", given) for given in ("standard", "economy", "")] == ["standard", "premium", "premium"]
    assert [carriers.of("economy", "premium"), carriers.of("smtp", "premium")] == ["economy", ""]


def test_a_region_is_the_sites_own_word_or_the_country_codes() -> None:
    regions = Regions({"example.com": "asia", "De": "north"})
    assert [regions.of(domain) for domain in ("example.com", "mx.example.com", "example.de", "example.jp")] == [
        "asia", "asia", "north", "asia",
    ]  # fmt: skip
    assert [regions.of(domain) for domain in ("example.org", "(no domain)", "", "de", "x" * 600)] == [
        "", "", "", "north", "",
    ]  # fmt: skip


def test_each_country_code_is_on_one_continent() -> None:
    regions = Regions({})
    known = [code for code in (a + b for a in "abcdefghijklmnopqrstuvwxyz" for b in "abcdefghijklmnopqrstuvwxyz")
             if regions.of(f"example.{code}")]
    assert len(known) > 240
    assert {regions.of(f"example.{code}") for code in known} == {
        "africa", "asia", "europe", "north-america", "oceania", "south-america",
    }  # fmt: skip
