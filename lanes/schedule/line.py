"""A lane's line: what of it may leave now, in the order in which it should.

Contract: a line is made of heads and counts, so its length is bounded by theirs. An unbatched
lane's line is its held mail by deadline; a batched lane's line is what is ripe of it, by deadline as
far as deadlines are known (:mod:`lanes.schedule.batch`). Ties go by acceptance.

A candidate whose slack is below its lane's ``promote_at`` competes one lane up (its *place*),
where its near deadline puts it in front; overdue mail is therefore first in the lane above its own.
It is never lifted further, so that no backlog of overdue bulk stands before urgent mail.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from lanes.config.model import Lane
from lanes.schedule.view import Due, LaneView


class Standing(NamedTuple):
    """A lane at an instant."""

    name: str
    lane: Lane
    place: int
    """Among the lanes by rank; 0 is the most urgent."""
    now: float

    def promotes(self, deadline: float) -> bool:
        """Whether mail due at ``deadline`` competes in the lane above; there is none above the first."""
        return self.place > 0 and deadline - self.now < self.lane.promote_at

    def due(self, deadline: float) -> bool:
        """Whether slack is down to the lead time."""
        return deadline - self.now <= self.lane.lead

    def presses(self, deadline: float) -> bool:
        """Whether mail due at ``deadline`` is not to wait for the rest of its batch."""
        return self.due(deadline) or self.promotes(deadline)


class Candidate(msgspec.Struct, frozen=True, gc=False):
    """Mail that may leave now: one message, or a batch. The first three fields, compared in order,
    say who goes first."""

    place: int
    """The lane that it competes in: 0 is the most urgent."""
    deadline: float
    accepted: float
    lane: str
    domain: str
    amount: int
    """How many messages."""
    reason: str
    ids: tuple[str, ...] = ()
    """Its message, if that is known by name."""
    ripe: int = 0
    """How many of its domain are ripe in all; 0 if it is not of a batch."""
    most: int = 0
    """How many of these may leave now, if it is of a batch."""

    @property
    def urgency(self) -> tuple[int, float, float]:
        """Sorts those who go first to the front."""
        return self.place, self.deadline, self.accepted


def singles(view: LaneView, at: Standing) -> list[Candidate]:
    """The line of an unbatched lane: its heads one by one, then what is behind them unseen."""
    return [*heads(view.heads, at), *_unseen(view, at)]


def heads(seen: Iterable[Due], at: Standing) -> list[Candidate]:
    """Messages one by one."""
    return [_head(head, at) for head in seen]


def _head(head: Due, at: Standing) -> Candidate:
    up = at.promotes(head.deadline)
    accepted = head.accepted or head.deadline - at.lane.sla
    return Candidate(at.place - up, head.deadline, accepted, at.name, "", 1, "promoted" if up else "turn", (head.id,))


def _unseen(view: LaneView, at: Standing) -> Iterator[Candidate]:
    behind = view.held - len(view.heads)
    if behind > 0:
        deadline = view.heads[-1].deadline if view.heads else float("inf")
        yield Candidate(at.place, deadline, deadline, at.name, "", behind, "turn")
