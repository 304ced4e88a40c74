"""Relays that slow down, fail and recover, in simulated time: mail moves away, comes back, and does not flap."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lanes.config.load import parse
from lanes.message import Decision
from lanes.routes.health import Condition, Health, Tried, learned
from lanes.routes.roads import LOOK, Roads

SETTINGS = parse("""
[relays.premium]
transport = "premium"
cost = 0.02
[relays.standard]
transport = "standard"
cost = 0.005
""")
START = 1_800_000_000.0

Latency = Callable[[float], float | None]
"""Seconds that a delivery takes which begins so long after the start; None: it fails."""


def run(premium: Latency, seconds: float, every: float, chance: Callable[[], float],
        preference: str = "speed") -> list[tuple[float, str]]:
    """When a message came, in seconds from the start, and the relay that it was given."""
    roads = Roads(SETTINGS, chance)
    health: defaultdict[str, Health] = defaultdict(Health)
    ends: list[tuple[float, str, Tried]] = []
    gone: list[tuple[float, str]] = []
    looked = 0.0
    for number in range(round(seconds / every)):
        now = number * every
        if now - looked >= LOOK:
            looked = now
            for name in SETTINGS.relays:
                told = [tried for at, relay, tried in ends if relay == name and at <= now]
                health[name] = learned(health[name], SETTINGS.roads, sorted(told))
            ends = [one for one in ends if one[0] > now]
            depths = {name: sum(relay == name for _, relay, _ in ends) for name in SETTINGS.relays}
            roads.learn({name: Condition(health[name], depths[name]) for name in SETTINGS.relays}, {}, START + now)
        choice = roads.choose(Decision("priority", START + now + 300, preference), "", "example.com", START + now)
        roads.given(choice.relay)
        gone.append((now, choice.relay))
        took = premium(now) if choice.relay == "premium" else 2.0
        end = now + (0.1 if took is None else took)
        result, fault = ("deferred", "4.4.1 refused") if took is None else ("sent", "")
        ends.append((end, choice.relay, Tried(START + end, result, fault, took)))
    return gone


def share(gone: list[tuple[float, str]], since: float, until: float) -> float:
    """The premium relay's part of the mail of some time."""
    relays = [relay for at, relay in gone if since <= at < until]
    return relays.count("premium") / len(relays)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("slow", [20.0, None], ids=["slow", "failing"])
def test_mail_leaves_a_relay_in_trouble_within_seconds_and_comes_back_when_it_is_over(
    slow: float | None, seed: int
) -> None:
    # Given a relay that is in trouble from the second minute on, for two minutes
    gone = run(lambda at: slow if 60 <= at < 180 else 0.1, 600, 0.2, random.Random(seed).random)
    # Then it has almost all mail before
    assert share(gone, 5, 60) > 0.97
    # And, as soon as that can be known, almost none
    assert share(gone, 60 + (slow or 0) + 2 * LOOK, 180) < 0.05
    # And all of it again when the back-off is over that it has come to: 30 s, 60 s and 120 s
    assert share(gone, 180 + 110, 600) > 0.97


@pytest.mark.parametrize("seed", range(3))
def test_a_slow_relay_that_nobody_needs_costs_few_messages(seed: int) -> None:
    # Given a relay that is and stays slow
    gone = run(lambda _: 20.0, 1200, 0.5, random.Random(seed).random)
    # Then it is tried now and then, and no more often than it may be
    tried = sum(relay == "premium" for at, relay in gone if at >= 60)
    assert 5 <= tried <= 1140 / SETTINGS.roads.explore


@settings(max_examples=30)
@given(st.floats(5, 300), st.integers(0, 2**32))
def test_after_any_outage_a_relay_is_found_again_within_its_back_off(outage: float, seed: int) -> None:
    gone = run(lambda at: None if 10 <= at < 10 + outage else 0.1, 10 + outage + 660, 1.0, random.Random(seed).random)
    assert share(gone, 10 + outage + SETTINGS.roads.backoff_max + 15, 10 + outage + 660) > 0.9


@settings(max_examples=30)
@given(st.integers(0, 2**32))
def test_two_relays_that_are_much_the_same_do_not_take_turns(seed: int) -> None:
    # Given two relays that take about two seconds, now a little more, now a little less
    dice = random.Random(seed)
    gone = run(lambda _: 2.0 * dice.uniform(0.85, 1.15), 300, 0.5, lambda: 1.0)
    # Then mail changes over once at most, in the beginning
    relays = [relay for _, relay in gone]
    assert sum(one != other for one, other in pairwise(relays)) <= 1
