"""What is thought of a sender, from what became of its mail: pure, decaying.

A score is the share of good mail, where :data:`BENEFIT` messages of good mail are presumed: a new
sender is at 1, and one needs many bounces and few deliveries to come near 0. What was seen counts half
after :data:`HALF_LIFE`, so a sender that mends its ways, or is no longer seen, is forgiven.
"""

from __future__ import annotations

import msgspec

#: Messages of good mail that every sender is presumed to have sent.
BENEFIT = 10.0
#: Seconds after which what was seen counts half.
HALF_LIFE = 7 * 86400.0
#: Below this score the classifier is told; above it a sender is like any other.
POOR = 0.5


class Standing(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What was seen of one sender."""

    good: float = 0.0
    """Messages delivered, decayed to ``at``."""
    bad: float = 0.0
    """Messages bounced, decayed to ``at``."""
    at: float = 0.0
    """Unix time in seconds."""

    def after(self, good: int, bad: int, now: float) -> Standing:
        """The standing after so many more messages."""
        left = self._left(now)
        return Standing(self.good * left + good, self.bad * left + bad, max(now, self.at))

    def score(self, now: float) -> float:
        """From 0 (bad) to 1."""
        left = self._left(now)
        good = self.good * left + BENEFIT
        return good / (good + self.bad * left)

    def _left(self, now: float) -> float:
        return float(0.5 ** (max(now - self.at, 0.0) / HALF_LIFE))
