"""Alerts about relays: one is down, and none is left."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lanes.config.load import parse
from lanes.message import PREFERENCES
from lanes.sla.alerts import Phase, State, step
from lanes.sla.relay_rules import RelaySeen
from lanes.sla.rules import Seen, measure

NOW = 1_800_000_000.0
BOUNDS = parse('alerts.fire_after = "10s"').alerts
PREMIUM = RelaySeen("premium", serves=("speed",))
STANDARD = RelaySeen("standard", serves=PREFERENCES)


def down(relay: RelaySeen, seconds: float = 5.0) -> RelaySeen:
    return relay._replace(down_for=seconds, error="4.4.1 connect: refused")


def wrong(*relays: RelaySeen) -> dict[str, str]:
    """The alerts whose level has reached 1, and their severity."""
    return {one.alert.identity: one.alert.severity for one in measure(Seen((), (), relays), BOUNDS) if one.level >= 1}


def test_nothing_is_wrong_with_relays_that_are_healthy_or_not_there() -> None:
    assert wrong(PREMIUM, STANDARD) == {}
    assert wrong() == {}


def test_a_relay_that_is_down_is_a_warning_while_another_serves_its_mail() -> None:
    assert wrong(down(PREMIUM), STANDARD) == {'relay_down{relay="premium"}': "warning"}


def test_a_preference_without_a_healthy_relay_is_critical() -> None:
    assert wrong(PREMIUM, down(STANDARD)) == {
        'relay_down{relay="standard"}': "warning",
        'no_relay{preference="balanced"}': "critical", 'no_relay{preference="economy"}': "critical",
    }  # fmt: skip
    # And one that no relay serves takes the MTA's own road, which is nobody's fault
    assert wrong(down(PREMIUM)) == {
        'relay_down{relay="premium"}': "warning", 'no_relay{preference="speed"}': "critical",
    }  # fmt: skip


def test_it_fires_when_a_relay_is_down_for_longer_than_fire_after_and_says_what_was_said() -> None:
    states: dict[str, State] = {}
    fired: list[State] = []
    for second in range(0, 30, 5):
        seen = Seen((), (), (down(PREMIUM, second), STANDARD))
        states, changes = step(states, seen, BOUNDS, NOW + second)
        fired += changes
    (alert,) = fired
    assert (alert.phase, alert.alert.identity) == (Phase.FIRING, 'relay_down{relay="premium"}')
    assert alert.alert.summary == "relay premium is down for 10s: 4.4.1 connect: refused"


@given(st.lists(st.tuples(st.booleans(), st.sets(st.sampled_from(PREFERENCES))), max_size=4))
def test_none_is_left_exactly_if_all_that_serve_are_down(relays: list[tuple[bool, set[str]]]) -> None:
    seen = [RelaySeen(f"r{number}", 5.0 if is_down else None, "", tuple(serves))
            for number, (is_down, serves) in enumerate(relays)]
    serving = {preference: [is_down for is_down, serves in relays if preference in serves]
               for preference in PREFERENCES}
    none_left = {f'no_relay{{preference="{name}"}}' for name, states in serving.items() if states and all(states)}
    assert {identity for identity in wrong(*seen) if identity.startswith("no_relay")} == none_left
