"""What is worth an alert about relays: that one is down, and that none is left.

Contract: pure, as :mod:`lanes.sla.rules`. A relay is down from when its breaker opens until it closes, also while
it is tried again.
"""

from __future__ import annotations

from typing import NamedTuple

from lanes.config.model import Alerts
from lanes.sla.rule import Reading, Rule, span


class RelaySeen(NamedTuple):
    """What the rules see of a relay."""

    relay: str
    down_for: float | None = None
    """Seconds since its breaker opened; None: it is healthy."""
    error: str = ""
    """What was said at its last fault."""
    serves: tuple[str, ...] = ()
    """The preferences that it serves."""


class PreferenceSeen(NamedTuple):
    """What the rules see of a preference: the relays that serve it."""

    preference: str
    relays: tuple[RelaySeen, ...]


def _relay_down(seen: RelaySeen, _: Alerts) -> Reading:
    """A relay is left alone."""
    return Reading(
        0.0 if seen.down_for is None else 1.0,
        f"relay {seen.relay} is down for {span(seen.down_for or 0.0)}: {seen.error}",
        f"Mail takes other relays meanwhile, if they serve it, and {seen.relay} is tried again by itself: `lanes "
        "relays`. What was given to it before waits there. Ask whoever runs it.",
    )


def _no_relay(seen: PreferenceSeen, _: Alerts) -> Reading | None:
    """All relays that serve a preference are down."""
    names = ", ".join(relay.relay for relay in seen.relays)
    return Reading(
        1.0 if all(relay.down_for is not None for relay in seen.relays) else 0.0,
        f"no healthy relay is left for mail of preference {seen.preference}: {names}",
        "Such mail is deferred until one is back. Is it the relays, or this site's own network? `lanes relays` has "
        "what they said.",
    ) if seen.relays else None


RELAY_RULES: tuple[Rule[RelaySeen], ...] = (Rule("relay_down", "warning", _relay_down),)
PREFERENCE_RULES: tuple[Rule[PreferenceSeen], ...] = (Rule("no_relay", "critical", _no_relay),)
