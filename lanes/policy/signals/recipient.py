"""Signals of the recipient table: what this site promised to whom."""

from __future__ import annotations

from lanes.config.model import Recipient
from lanes.config.units import format_seconds
from lanes.policy.facts import Facts, Kind, Seen
from lanes.policy.signals.registry import signal


def _rows(facts: Facts) -> list[tuple[str, Recipient | None]]:
    some = facts.message.recipients[: facts.site.limits.recipients]
    return facts.once("recipient rows", lambda: facts.site.recipients(some))


@signal("recipient-sla", Kind.INSTANT)
def recipient_sla(facts: Facts) -> Seen | None:
    """The nearest deadline promised to any recipient (``policy.recipients``): acceptance + ``sla``."""
    promised = [(row.sla, address) for address, row in _rows(facts) if row and row.sla is not None]
    if not promised:
        return None
    sla, address = min(promised)
    return Seen(facts.now + sla, f"{format_seconds(sla)} for {address}")


@signal("recipient-relay", Kind.RELAY)
def recipient_relay(facts: Facts) -> Seen | None:
    """The relay preferred for every recipient (``policy.recipients``); not there if they differ."""
    relays = {row.relay if row else None for _, row in _rows(facts)}
    relay = relays.pop() if len(relays) == 1 else None
    return Seen(relay, facts.message.recipients[0]) if relay else None


@signal("recipient-lane", Kind.LANE)
def recipient_lane(facts: Facts) -> Seen | None:
    """The most urgent lane due to any recipient (``policy.recipients``).

    A recipient without a row is due the default lane, so that a row lowers a message only when
    all of its recipients agree: it leaves as one.
    """
    site = facts.site
    rows = _rows(facts)
    if not any(row and row.lane for _, row in rows):
        return None
    due = [((row and row.lane) or site.default_lane, address) for address, row in rows]
    lane, address = min(due, key=lambda entry: site.place[entry[0]])
    return Seen(lane, address)
