"""Roads that only batches take: there a batch can share a connection, since nobody in a hurry waits for that.

Contract: pure.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import groupby

from lanes.config.model import Lane
from lanes.config.relays import Relay


def by_transport(relays: Mapping[str, Relay]) -> dict[str, list[Relay]]:
    """The relays by their transport: several may share one."""
    ordered = sorted(relays.values(), key=lambda relay: relay.transport)
    return {transport: list(group) for transport, group in groupby(ordered, lambda relay: relay.transport)}


def batch_size(relays: Collection[Relay], lanes: Mapping[str, Lane]) -> int | None:
    """Messages in a batch, the smallest, of those that go by a transport of these relays; None if other mail does, too.

    A relay with a ``preference`` of its own serves the lanes that have it. That a single message may ask for it
    (``X-Cost-Preference``) does not count: it asked to be cheap. Where all have a next hop, None: what they take goes
    to one place, and shares connections anyhow.
    """
    preferences = {relay.preference for relay in relays}
    if None in preferences or all(relay.nexthop for relay in relays):
        return None
    batches = [lane.batch for lane in lanes.values() if lane.preference in preferences]
    sizes = [batch.size for batch in batches if batch]
    return min(sizes) if sizes and len(sizes) == len(batches) else None
