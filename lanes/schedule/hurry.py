"""Why mail left before its turn, for its record: pure.

Contract: a record holds one such piece of evidence, the last, and no more pieces than a decision may have.
"""

from __future__ import annotations

from msgspec import structs

from lanes.config.model import Lane
from lanes.config.units import format_seconds
from lanes.message import Evidence, Record

#: Reasons of waves (:attr:`lanes.schedule.view.Wave.reason`) that leave before their turn.
HURRIED = ("deadline", "promoted")

_PIECES = 16
_RULE = "release"


def hurried(record: Record, lane: Lane, reason: str, now: float) -> Record:
    """The record of a message that is released at ``now`` for one of :data:`HURRIED`."""
    slack = record.deadline - now
    left = f"{format_seconds(round(slack))} of slack" if slack >= 0 else f"{format_seconds(round(-slack))} overdue"
    piece = Evidence(_RULE, left, f"{reason}: {_says(reason, slack <= max(lane.lead, lane.promote_at))}")
    before = [one for one in record.evidence if one.rule != _RULE]
    return structs.replace(record, evidence=(*before[: _PIECES - 1], piece))


def _says(reason: str, presses: bool) -> str:
    if not presses:
        return "leaves with mail of its domain that is short of slack"
    return "competed in the lane above" if reason == "promoted" else "did not wait for the rest of its batch"
