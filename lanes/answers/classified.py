"""What would be decided about a message, as the paper's ``POST /api/v1/queue/classify`` tells it, and more."""

from __future__ import annotations

from lanes.answers import Answer, Instant
from lanes.answers.messages import Evidence, evidence
from lanes.config.model import Lane as Terms
from lanes.config.units import format_seconds
from lanes.message import Decision
from lanes.timestamps import rfc3339


class Classified(Answer, frozen=True, kw_only=True):
    """What would be decided about a message, if it came now."""

    queue: str
    """The lane."""
    sla: str
    """The lane's promise, as in the settings: 30s, 5m, 24h."""
    sla_seconds: float
    deadline: Instant
    """By when it would have to be delivered."""
    preference: str
    """speed, balanced or economy."""
    relay: str
    """The relay that the rules ask for; empty: any that serves the preference."""
    evidence: list[Evidence]


def classified(decision: Decision, terms: Terms) -> Classified:
    """A decision, with the terms of its lane."""
    return Classified(
        queue=decision.lane, sla=format_seconds(terms.sla), sla_seconds=float(terms.sla),
        deadline=rfc3339(decision.deadline), preference=decision.preference, relay=decision.relay,
        evidence=evidence(decision.evidence),
    )  # fmt: skip
