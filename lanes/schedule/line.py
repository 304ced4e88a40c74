"""A lane's line: what of it may leave now, in the order in which it should.

Contract: a line is made of heads and counts, so its length is bounded by theirs. An unbatched
lane's line is its held mail by deadline; a batched lane's line is its ripe batches
(:mod:`lanes.schedule.batch`) by the deadline of the most urgent message in each. Ties go by
acceptance, as the heads do.

A candidate whose slack is below its lane's ``promote_at`` competes one lane up (its *place*),
where its near deadline puts it in front; overdue mail is therefore first in the lane above its own.
It is never lifted further, so that no backlog of overdue bulk stands before urgent mail.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from lanes.config.model import Lane
from lanes.schedule.view import LaneView


class Candidate(NamedTuple):
    """Mail that may leave now: one message, or as much of a domain's batch as is ripe.

    The first three fields, compared in order, say who goes first.
    """

    place: int
    """The lane that it competes in: 0 is the most urgent."""
    deadline: float
    accepted: float
    lane: str
    domain: str
    amount: int
    reason: str
    ids: tuple[str, ...] = ()

    @property
    def urgency(self) -> tuple[int, float, float]:
        """Sorts those who go first to the front."""
        return self.place, self.deadline, self.accepted


def promoted(deadline: float, lane: Lane, place: int, now: float) -> bool:
    """Whether mail due at ``deadline`` competes in the lane above; there is none above the first."""
    return place > 0 and deadline - now < lane.promote_at


def singles(view: LaneView, lane: Lane, place: int, now: float) -> list[Candidate]:
    """The line of an unbatched lane: its heads one by one, then what is behind them unseen."""
    return [*_heads(view, lane, place, now), *_unseen(view, place)]


def _heads(view: LaneView, lane: Lane, place: int, now: float) -> Iterator[Candidate]:
    for head in view.heads:
        up = promoted(head.deadline, lane, place, now)
        accepted = head.accepted or head.deadline - lane.sla
        reason = "promoted" if up else "turn"
        yield Candidate(place - up, head.deadline, accepted, view.lane, "", 1, reason, (head.id,))


def _unseen(view: LaneView, place: int) -> Iterator[Candidate]:
    behind = view.held - len(view.heads)
    if behind > 0:
        deadline = view.heads[-1].deadline if view.heads else float("inf")
        yield Candidate(place, deadline, deadline, view.lane, "", behind, "turn")
