"""The relay for a message, by what it may cost.

Contract: a name of ``relays``, or the empty string: then the MTA's own routing is used. Never
raises.
"""

from __future__ import annotations

from collections.abc import Mapping

from lanes.config.relays import Relay


def choose(preference: str, relays: Mapping[str, Relay], wanted: str = "") -> str:
    """The relay that is ``wanted``, if there is such a one; else the cheapest that serves ``preference``.

    Preferences are ``speed``, ``balanced`` and ``economy``.
    """
    if wanted in relays:
        return wanted
    serving = [name for name, relay in relays.items() if relay.preference == preference]
    return min(serving, key=lambda name: (relays[name].cost, name), default="")
