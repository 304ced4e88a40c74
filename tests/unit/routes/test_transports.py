"""What Postfix is told when it asks where a lane's mail goes: by health, by promise, and never for mail at home."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanes.config.load import parse
from lanes.routes.health import Condition, Health, Tried, learned
from lanes.routes.roads import Roads
from lanes.routes.transports import Transports

NOW = 1_800_000_000.0
SETTINGS = parse("""
mta.own_domains = ["example.com", "*.example.com"]
[relays.premium]
transport = "premium"
cost = 0.02
[relays.economy]
transport = "cheap"
nexthop = "[192.0.2.1]:2525"
cost = 0.001
[policy.recipients."partner.example"]
relay = "premium"
[budgets.news]
lane = "bulk"
amount = 1.0
""")


def made() -> tuple[Roads, Transports]:
    roads = Roads(SETTINGS, lambda: 1.0)
    return roads, Transports(SETTINGS, roads)


def down() -> Condition:
    """A relay that has just failed as often as it may."""
    return Condition(learned(Health(), SETTINGS.roads, [Tried(NOW, "deferred", "4.4.1 refused")] * 5))


def test_each_lane_has_its_map_by_its_preference() -> None:
    _, transports = made()
    assert transports.maps == ("lane-priority", "lane-normal", "lane-bulk", "lanes")
    assert transports.find("lane-priority", "a@example.net", NOW) == "premium:"
    assert transports.find("lane-bulk", "a@example.net", NOW) == "cheap:[192.0.2.1]:2525"
    # And "lanes" is the default lane's: normal, balanced
    assert transports.find("lanes", "a@example.net", NOW) == transports.find("lane-normal", "a@example.net", NOW)


def test_the_answer_follows_the_relays_health() -> None:
    # Given mail that takes the fastest relay, When that fails, Then the next answer is another, And back again
    roads, transports = made()
    roads.learn({"premium": down()}, {}, NOW)
    assert transports.find("lane-priority", "a@example.net", NOW) == "cheap:[192.0.2.1]:2525"
    roads.learn({"premium": Condition(Health(latency=0.1)), "economy": Condition(Health(latency=5.0))}, {}, NOW)
    assert transports.find("lane-priority", "a@example.net", NOW) == "premium:"
    assert roads.usual()["speed", ""] == "premium"


def test_a_recipients_preferred_relay_is_taken_while_it_is_healthy() -> None:
    roads, transports = made()
    assert transports.find("lane-bulk", "A@Partner.example", NOW) == "premium:"
    assert transports.find("lane-bulk", "partner.example", NOW) == "premium:"
    roads.learn({"premium": down()}, {}, NOW)
    assert transports.find("lane-bulk", "a@partner.example", NOW) == "cheap:[192.0.2.1]:2525"


def test_a_lane_that_is_over_its_budget_takes_the_cheapest_whatever_is_preferred() -> None:
    roads, transports = made()
    roads.learn({}, {"news": 2_000_000}, NOW)
    assert transports.find("lane-bulk", "a@partner.example", NOW) == "cheap:[192.0.2.1]:2525"
    assert transports.find("lane-priority", "a@partner.example", NOW) == "premium:"


@pytest.mark.parametrize("key", [
    "a@example.com", "A@EXAMPLE.COM", "a@mail.example.com", "example.com", "mail.example.com", "postmaster@",
    "a@[192.0.2.7]", '"a@example.net"@example.com',
])  # fmt: skip
def test_who_is_at_home_is_not_found(key: str) -> None:
    assert made()[1].find("lane-bulk", key, NOW) is None


@pytest.mark.parametrize("key", ["*", ".example.net", "a@*", "@"])
def test_patterns_are_not_found_since_their_answer_would_hold_for_mail_at_home(key: str) -> None:
    assert made()[1].find("lane-bulk", key, NOW) is None


def test_a_map_that_there_is_not_finds_nothing() -> None:
    assert made()[1].find("lane-gone", "a@example.net", NOW) is None
    assert made()[1].find("", "a@example.net", NOW) is None


def test_without_relays_nothing_is_found() -> None:
    settings = parse("")
    assert Transports(settings, Roads(settings, lambda: 1.0)).find("lanes", "a@example.net", NOW) is None


@given(name=st.sampled_from(["lanes", "lane-bulk", "x"]), key=st.text(max_size=600), now=st.floats(0, 4e9))
def test_whatever_is_asked_there_is_an_answer(name: str, key: str, now: float) -> None:
    assert made()[1].find(name, key, now) in (None, "premium:", "cheap:[192.0.2.1]:2525")
