"""What a policy would have done with past mail, and where another one would have done otherwise.

Pure: the caller reads the mail (:mod:`lanes.policy.eml`) and prints what comes of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from lanes.message import Decision, Message
from lanes.policy.classifier import Classifier

#: Seconds that two deadlines may be apart and still be the same.
_SAME = 1.0


class Past(NamedTuple):
    """A message of the past."""

    name: str
    """By which it can be found again: a file's name, a number in a mailbox."""
    message: Message
    accepted: float
    """Unix time in seconds."""


class Verdict(NamedTuple):
    """What the policy says about it, and what the other one says, if there is one."""

    name: str
    decision: Decision
    other: Decision | None = None

    @property
    def differences(self) -> tuple[str, ...]:
        """In what the two differ: ``lane``, ``preference``, ``deadline``."""
        if self.other is None:
            return ()
        ours, theirs = self.decision, self.other
        same = {
            "lane": ours.lane == theirs.lane,
            "preference": ours.preference == theirs.preference,
            "deadline": abs(ours.deadline - theirs.deadline) <= _SAME,
        }
        return tuple(what for what, equal in same.items() if not equal)


def replay(mail: Iterable[Past], policy: Classifier, against: Classifier | None = None) -> Iterator[Verdict]:
    """The verdict on each message, as they come: a mailbox need not fit into memory."""
    for name, message, accepted in mail:
        other = against.classify(message, accepted) if against else None
        yield Verdict(name, policy.classify(message, accepted), other)


class Tally:
    """Verdicts, counted."""

    def __init__(self, policy: Classifier) -> None:
        self.messages = 0
        self.lanes: Counter[str] = Counter()
        self.rules: Counter[str] = Counter(dict.fromkeys(policy.rules, 0))
        """Rule -> messages about which it spoke; those about which it never did are there with 0."""
        self.moves: Counter[tuple[str, str]] = Counter()
        """(lane, the other policy's lane) -> messages on which the two disagree."""

    def add(self, verdict: Verdict) -> None:
        """Count one more."""
        self.messages += 1
        self.lanes[verdict.decision.lane] += 1
        self.rules.update({piece.rule for piece in verdict.decision.evidence} & self.rules.keys())
        if verdict.other and verdict.other.lane != verdict.decision.lane:
            self.moves[verdict.decision.lane, verdict.other.lane] += 1
