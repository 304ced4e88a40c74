"""Mail for anybody at home takes no relay, whatever else the message says."""

from __future__ import annotations

import pytest

from lanes.config import ConfigError
from lanes.config.load import parse
from lanes.message import Decision
from lanes.routes.home import Home
from lanes.routes.roads import Roads

OUTSIDE = "someone@elsewhere.example"
SETTINGS = """
mta.own_domains = ["Example.com", "*.branch.example"]
[relays.economy]
transport = "economy"
cost = 0.001
"""


@pytest.mark.parametrize("recipient", [
    "info@example.com", "INFO@EXAMPLE.COM", "info@example.com.", "a@x.branch.example", "a@y.x.branch.example",
    "root", "", "admin@[192.0.2.1]", '"a@elsewhere.example"@example.com', "a%elsewhere.example@example.com",
])  # fmt: skip
def test_at_home(recipient: str) -> None:
    home = Home(parse(SETTINGS).mta.own_domains)
    assert home.first([OUTSIDE, recipient, "info@example.com"]) == recipient


@pytest.mark.parametrize("recipient", [
    OUTSIDE, "a@branch.example", "a@notexample.com", "a@mail.example.com", "example.com@elsewhere.example",
    '"a@example.com"@elsewhere.example',
])  # fmt: skip
def test_elsewhere(recipient: str) -> None:
    assert Home(parse(SETTINGS).mta.own_domains).first([recipient]) is None


def test_a_message_to_both_takes_no_relay_and_says_why() -> None:
    # Given roads, and a decision
    roads = Roads(parse(SETTINGS), chance=lambda: 1.0)
    decision = Decision("bulk", 0.0, "economy", ())
    # When all recipients are elsewhere, Then there is a relay
    assert roads.choose(decision, "", "elsewhere.example", 0.0, [OUTSIDE]).relay == "economy"
    # When one of them is at home, Then there is none, and it is on record
    choice = roads.choose(decision, "", "elsewhere.example", 0.0, [OUTSIDE, "info@example.com"])
    assert choice.relay == ""
    assert [(e.rule, e.saw) for e in choice.evidence] == [("relay", "info@example.com")]


def test_without_relays_nothing_is_said_of_it() -> None:
    roads = Roads(parse('mta.own_domains = ["example.com"]'), chance=lambda: 1.0)
    assert roads.choose(Decision("bulk", 0.0, "economy", ()), "", "", 0.0, ["a@example.com"]) == ("", (), "")


@pytest.mark.parametrize("entry", ["a@example.com", "*", "", "two words"])
def test_what_is_no_domain_is_said(entry: str) -> None:
    with pytest.raises(ConfigError) as raised:
        parse(f'mta.own_domains = ["{entry}"]')
    assert raised.value.key == "mta.own_domains"
