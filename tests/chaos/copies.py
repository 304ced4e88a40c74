"""Whose doing it is that a message arrived twice: pure.

Exactly once is not to be had by SMTP: between the 250 of whoever takes a message and the sender's note of it there is
an instant in which the sender may die, and it will then send it again (RFC 1047). A Postfix that is killed does so
whether mta-lanes is there or not. Such a second copy is told from one of ours by two things that must both be so:

- one arrived before Postfix was started again after a kill, and the other after that, and both have the same queue id;
- its log tells of fewer deliveries of this message to this recipient than arrived: it never came to note the first,
  for ``status=sent`` is logged right before the recipient is marked as done in the queue file.

A bounce is a message of its own. One that comes twice, with a new life between the two, was made twice: Postfix died
after it had queued the first, and before it had removed the message that the bounce is about. Its ids differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from tests.chaos.outside import Arrival


def surplus(arrivals: Sequence[Arrival]) -> int:
    """How many copies are too many."""
    return max(0, len(arrivals) - 1)


def by_postfix(arrivals: Sequence[Arrival], lives: Sequence[float], noted: int, *, bounce: bool) -> int:
    """How many of the surplus are Postfix's own; ``lives``: when it was started again after a kill;
    ``noted``: the deliveries that its log tells of."""
    straddling = sum(
        any(first.at < start < second.at for start in lives) and (bounce or first.id == second.id)
        for first, second in pairwise(sorted(arrivals))
    )
    return straddling if bounce else min(straddling, max(0, len(arrivals) - noted))


def noted(log: str, id: str, recipient: str) -> int:
    """How many deliveries of a message to a recipient Postfix's log tells of."""
    return sum(f": {id}: to=<{recipient}>" in line and "status=sent" in line for line in log.splitlines())
