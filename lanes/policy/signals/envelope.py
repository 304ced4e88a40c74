"""Signals of the envelope and of who handed the message in."""

from __future__ import annotations

from lanes.policy.facts import Facts, Kind, Seen
from lanes.policy.signals.registry import signal
from lanes.policy.text import clean


@signal("sender", Kind.ADDRESS)
def sender(facts: Facts) -> Seen | None:
    """The reverse-path (RFC 5321, 4.1.1.2); not there for bounces, which have none."""
    address = clean(facts.message.sender[: facts.site.limits.chars])
    return Seen(address, address) if address else None


@signal("sender-lane", Kind.LANE)
def sender_lane(facts: Facts) -> Seen | None:
    """The lane that the sender table (``policy.senders``) has for the reverse-path."""
    address = facts.message.sender
    lane = facts.site.sender_lane(address) if address else None
    return None if lane is None else Seen(lane, address)


@signal("bounce", Kind.FLAG)
def bounce(facts: Facts) -> Seen | None:
    """The null reverse-path of notifications (RFC 5321, 4.5.5)."""
    return None if facts.message.sender else Seen(True, "<>")


@signal("recipient", Kind.ADDRESS)
def recipient(facts: Facts) -> Seen | None:
    """The forward-paths (RFC 5321, 4.1.1.3); a condition on them asks whether any of them fits."""
    limits = facts.site.limits
    found = tuple(clean(address[: limits.chars]) for address in facts.message.recipients[: limits.recipients])
    return Seen(found, found[0]) if found else None


@signal("recipients", Kind.NUMBER)
def recipients(facts: Facts) -> Seen | None:
    """How many recipients the envelope has."""
    count = len(facts.message.recipients)
    return Seen(float(count), str(count))


@signal("client", Kind.NETWORK)
def client(facts: Facts) -> Seen | None:
    """The SMTP client's address; not there for mail submitted on this host."""
    address = facts.message.client
    return Seen(address, address) if address else None


@signal("size", Kind.SIZE)
def size(facts: Facts) -> Seen | None:
    """Bytes as declared by SIZE= (RFC 1870); not there if not declared."""
    size = facts.message.size
    return Seen(float(size), f"{size} bytes") if size > 0 else None
