"""Messages, and why they are where they are."""

from __future__ import annotations

from collections.abc import Sequence

from lanes.answers import Answer, Instant
from lanes.message import Evidence as Spoke
from lanes.message import Record, printable
from lanes.timestamps import rfc3339


class Evidence(Answer, frozen=True, kw_only=True):
    """A rule that spoke, what it saw, and what follows from it."""

    rule: str
    saw: str
    says: str


class Decision(Answer, frozen=True, kw_only=True):
    """Which lane, by when, and why."""

    lane: str
    deadline: Instant
    evidence: list[Evidence]


class Message(Answer, frozen=True, kw_only=True):
    """What is known of a message."""

    id: str
    """The MTA's queue id."""
    state: str
    """held, releasing, inflight, deferred, withheld, kept; settled; empty: not asked for."""
    lane: str
    deadline: Instant
    accepted: Instant
    sender: str
    to: list[str]
    """The first few recipients; empty for mail of an earlier version."""
    domain: str
    """The recipients' domain, under which it is batched."""
    recipients: int
    relay: str
    """Empty: the MTA's own routing."""
    subject: str
    evidence: list[Evidence]


class Messages(Answer, frozen=True, kw_only=True):
    """Messages that were listed, or found."""

    items: list[Message]
    complete: bool
    """Whether there are no more."""
    looked_at: int
    """How many messages were looked at to find these."""


def evidence(spoke: Sequence[Spoke]) -> list[Evidence]:
    """The rules that spoke, in order."""
    return [Evidence(rule=printable(e.rule), saw=printable(e.saw), says=printable(e.says)) for e in spoke]


def decision(lane: str, deadline: float, spoke: Sequence[Spoke]) -> Decision:
    """A decision."""
    return Decision(lane=lane, deadline=rfc3339(deadline), evidence=evidence(spoke))


def message(id: str, record: Record, state: str = "") -> Message:
    """A message by its record."""
    return Message(
        id=id, state=state, lane=record.lane, deadline=rfc3339(record.deadline), accepted=rfc3339(record.accepted),
        sender=printable(record.sender), to=[printable(address) for address in record.to],
        domain=printable(record.domain), recipients=record.recipients,
        relay=printable(record.relay), subject=printable(record.subject), evidence=evidence(record.evidence),
    )  # fmt: skip
