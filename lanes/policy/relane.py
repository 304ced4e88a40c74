"""What a message is in another lane than the classifier chose: an operator's order, on record. Pure."""

from __future__ import annotations

from msgspec import structs

from lanes.config import Settings
from lanes.message import Evidence, Record, printable

_PIECES = 16
_CHARS = 80


def relaned(record: Record, lane: str, settings: Settings, who: str, why: str) -> Record:
    """The record in ``lane``: its deadline is the lane's own, from acceptance, or the one it has if that is nearer.

    A message that goes down loses the nearer deadline with the lane.
    """
    places = settings.by_rank()
    own = record.accepted + settings.lanes[lane].sla
    down = record.lane in places and places.index(lane) > places.index(record.lane)
    deadline = own if down else min(own, record.deadline)
    said = f"lane {lane}, not {record.lane}" + (f": {why}" if why else "")
    order = Evidence("demoted" if down else "promoted", printable(f"by {who}", _CHARS), printable(said, _CHARS))
    evidence = (*record.evidence[: _PIECES - 1], order)
    return structs.replace(record, lane=lane, deadline=deadline, evidence=evidence)
