"""What a stretch of the log means for each message in it: pure.

Contract: folding the same events again, and applying the result again, changes nothing, so the
tracker may read a stretch twice after a crash.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from typing import Literal

from lanes.life import Result
from lanes.message import Progress
from lanes.mta.port import Active, Attempt, Event, Expired, Outcome, Released, Removed, Requeued, Withheld
from lanes.store.settling import Settlement

Transition = Literal["start", "defer", "withhold"]


@dataclass
class Change:
    """One message's part of a stretch."""

    at: float = 0.0
    """Instant of its last event."""
    transition: Transition | None = None
    """Where it stands after the last event that moved it."""
    progress: Progress = field(default_factory=Progress)
    deferrals: dict[float, float] = field(default_factory=dict)
    """When attempts that left a recipient undelivered ended -> when they began: the queue manager took it up."""
    removed: bool = False
    by_hand: bool = False

    @property
    def tells(self) -> bool:
        """Whether it says anything about recipients."""
        return self.progress != Progress()

    def tell(self, event: Event) -> None:
        """Take one event in."""
        self.at = event.at
        match event:
            case Active():
                self.transition = "start"
            case Released():
                self.transition = "start"
                self.progress = self.progress.merged(Progress(released=event.at))
            case Withheld():
                self.transition = "withhold"
                self.progress = self.progress.merged(Progress(withheld=True))
            case Attempt():
                self._attempt(event)
            case Expired():
                self.progress = self.progress.merged(Progress(expired=True))
            case Removed():
                self.removed, self.by_hand = True, event.by_hand
            case Requeued():
                pass

    def hand_on(self, attempt: Attempt) -> None:
        """Take in that another instance has it."""
        self.at = attempt.at
        self.progress = self.progress.merged(Progress(transport=attempt.transport))

    def _attempt(self, attempt: Attempt) -> None:
        if attempt.outcome is Outcome.SENT:
            self.progress = self.progress.merged(Progress(sent=attempt.delay, transport=attempt.transport))
        elif attempt.outcome is Outcome.BOUNCED:
            self.progress = self.progress.merged(Progress(bounced=True))
        else:
            self.transition = "defer"
            self.deferrals[attempt.at] = attempt.at - sum(attempt.stages[1:])


def fold(events: Iterable[Event], handoffs: Container[str] = ()) -> tuple[dict[str, Change], list[Requeued]]:
    """The events by message, in order; and who lives on under a new id.

    What went by one of the transports ``handoffs`` is not delivered: it is with another instance, which goes on.
    """
    changes: dict[str, Change] = {}
    requeued: list[Requeued] = []
    for event in events:
        if isinstance(event, Requeued):
            requeued.append(event)
        elif isinstance(event, Attempt) and event.outcome is Outcome.SENT and event.transport in handoffs:
            changes.setdefault(event.id, Change()).hand_on(event)
        else:
            changes.setdefault(event.id, Change()).tell(event)
    return changes, requeued


def is_elsewhere(progress: Progress, handoffs: Container[str]) -> bool:
    """Whether all that was told of a message is that another instance has it."""
    told = progress.sent is not None or progress.bounced or progress.expired
    return not told and progress.transport in handoffs


def result(progress: Progress, by_hand: bool) -> Result:
    """How a message that left the spool ended: the worst that befell a recipient."""
    if by_hand:
        return Result.GONE
    if progress.expired:
        return Result.EXPIRED
    if progress.bounced:
        return Result.BOUNCED
    return Result.DELIVERED if progress.sent is not None else Result.GONE


def settlement(id: str, progress: Progress, at: float, *, by_hand: bool = False) -> Settlement:
    """The end of a message of which so much was told."""
    how = result(progress, by_hand)
    if how is not Result.DELIVERED or progress.sent is None:
        return Settlement(id, how, at)
    released = None if progress.withheld else progress.released
    return Settlement(id, how, at, round(progress.before + progress.sent, 6), released, progress.transport)
