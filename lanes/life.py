"""The life of a message, as a table. Rules for this file: every fact about states and
transitions is here and nowhere else; each transition is one script in ``store/scripts``;
whoever changes one changes the other, and ``docs/design.md``.

A message whose record we hold is in exactly one state, and so in exactly one of its lane's
sorted sets. The score of each set is the instant that matters in that state. A transition
whose starting state does not hold changes nothing: an event told twice, or late, is harmless.
The MTA's spool is the truth; a state is what we last heard of it.
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where a live message is; the value is part of the sorted set's key name."""

    HELD = "held"
    """On hold in the MTA, by us. Score: its deadline."""
    RELEASING = "releasing"
    """Claimed for a release. Score: the end of the claim's lease."""
    INFLIGHT = "inflight"
    """With the MTA for delivery: passed by the filter, or released. Score: since when."""
    DEFERRED = "deferred"
    """Tried, not delivered, waiting for the MTA's next try. Score: since when."""
    WITHHELD = "withheld"
    """On hold by somebody else's hand: not ours to release. Score: since when."""
    KEPT = "kept"
    """On hold by an operator's order to us (``lanes hold``), until another order. Score: since when."""


class Result(StrEnum):
    """How a life ended."""

    DELIVERED = "delivered"
    BOUNCED = "bounced"
    EXPIRED = "expired"
    GONE = "gone"
    """Not in the spool any more, without a delivery: deleted, requeued, or never completed."""


LIVE = tuple(State)

#: Transition -> the states it may start from, and where it leads (None: settled). A message that is on
#: hold by hand is not deferred: an attempt that was under way may end so, but its file stays on hold. Who releases
#: a message confirms it when that is over, and may be slower than the MTA, whose log has then told more: so what is
#: deferred by then stays so.
TRANSITIONS: dict[str, tuple[tuple[State, ...], State | None]] = {
    "claim": ((State.HELD, State.KEPT), State.RELEASING),
    "unclaim": ((State.RELEASING,), State.HELD),
    "confirm": ((State.HELD, State.RELEASING), State.INFLIGHT),
    "start": ((State.HELD, State.RELEASING, State.DEFERRED, State.WITHHELD, State.KEPT), State.INFLIGHT),
    "defer": ((State.HELD, State.RELEASING, State.INFLIGHT), State.DEFERRED),
    "withhold": ((State.HELD, State.RELEASING, State.INFLIGHT, State.DEFERRED), State.WITHHELD),
    "keep": ((State.HELD, State.INFLIGHT, State.DEFERRED), State.KEPT),
    "settle": (LIVE, None),
}
