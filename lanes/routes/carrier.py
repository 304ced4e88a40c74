"""Which relay a delivery went by: the settings' name for what the MTA's log calls a transport.

Contract: pure. Several relays may share a transport (with next hops of their own); of these it is the one
that the message was given, or else the first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from lanes.config.relays import Relay


class Carriers:
    """The relays, by transport."""

    def __init__(self, relays: Mapping[str, Relay]) -> None:
        self._by_transport: defaultdict[str, list[str]] = defaultdict(list)
        for name, relay in relays.items():
            self._by_transport[relay.transport].append(name)

    def of(self, transport: str, given: str = "") -> str:
        """The relay behind a transport; empty if there is none. ``given`` is the one that the filter chose."""
        names = self._by_transport.get(transport, ())
        return given if given in names else next(iter(names), "")
