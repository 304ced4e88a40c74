"""The transport map of a lane: which relay a recipient's mail takes now, as the MTA asks for each attempt.

An answer is ``transport:nexthop`` of transport(5). The MTA asks by recipient and by nothing else, so what a message
itself wants (``X-Cost-Preference``, a rule's relay, its sender's budget) is not known here. The lane is in the
map's name: ``lane-NAME``; the map ``lanes`` is that of the default lane.

What is not found goes as the MTA would send it anyhow: mail for anybody at home, of a lane that there is not, or of
a preference that no relay serves. So is the key ``*``: the MTA takes its answer for all that was not found.

Contract: pure, and never raises; see :class:`~lanes.routes.roads.Roads` for what is known when Redis is away.
"""

from __future__ import annotations

from lanes import addresses
from lanes.config import Settings
from lanes.config.units import parse_address_entry
from lanes.message import Decision
from lanes.routes.roads import Roads

DEFAULT_MAP = "lanes"


def map_of(lane: str) -> str:
    """The name of a lane's map."""
    return f"lane-{lane}"


class Transports:
    """The transport maps of a site's lanes."""

    def __init__(self, settings: Settings, roads: Roads) -> None:
        self._roads = roads
        self._answers = {name: f"{relay.transport}:{relay.nexthop}" for name, relay in settings.relays.items()}
        self._wanted = {parse_address_entry(entry): row.relay
                        for entry, row in settings.policy.recipients.items() if row.relay}
        lanes = {map_of(name): name for name in settings.lanes} | {DEFAULT_MAP: settings.default_lane}
        self._decisions = {name: Decision(lane, 0.0, settings.lanes[lane].preference, ())
                           for name, lane in lanes.items()}

    @property
    def maps(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(self._decisions)

    def find(self, map: str, key: str, now: float) -> str | None:  # noqa: A002 - what Postfix calls it
        """Where mail to an address, or to anybody in a domain, goes now (Unix time in seconds); None: as ever."""
        decision = self._decisions.get(map)
        recipient = key if "@" in key else f"@{key}"
        domain = recipient.rpartition("@")[2].lower()
        if decision is None or not domain or domain.startswith((".", "*")):
            return None
        wanted = addresses.look_up(self._wanted, key) if self._wanted else None
        asked = Decision(decision.lane, 0.0, decision.preference, (), wanted or "")
        relay = self._roads.choose(asked, "", domain, now, (recipient,)).relay
        self._roads.given(relay)
        return self._answers.get(relay)
