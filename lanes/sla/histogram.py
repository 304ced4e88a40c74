"""Log-spaced histograms of durations: small, mergeable, of bounded relative error.

A value ``x`` falls into bucket ``ceil(log(x) / log(GAMMA))``; the bucket's midpoint is within
:data:`ERROR` of every value in it, and so is every percentile read from merged buckets (Masson,
Rim and Lee, "DDSketch", VLDB 2019, section 2.1). Only counts per bucket are kept, as a plain
mapping, so that a minute is one Redis hash and an hour is the sum of sixty.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping

#: Relative error of a percentile, 1 %.
ERROR = 0.01
GAMMA = (1 + ERROR) / (1 - ERROR)
#: Durations below a millisecond count as one.
SMALLEST = 0.001

_LOG_GAMMA = math.log(GAMMA)


def bucket(seconds: float) -> int:
    """The bucket of a duration."""
    return math.ceil(math.log(max(seconds, SMALLEST)) / _LOG_GAMMA - 1e-9)


def midpoint(index: int) -> float:
    """The duration that stands for a bucket, in seconds."""
    return float(2 * GAMMA**index / (GAMMA + 1))


def merge(parts: Iterable[Mapping[int, int]]) -> Counter[int]:
    """The sum of several histograms."""
    total: Counter[int] = Counter()
    for part in parts:
        total.update(part)
    return total


def percentile(counts: Mapping[int, int], q: float) -> float | None:
    """The ``q`` quantile (0 to 1) in seconds; None if nothing was counted."""
    rank = math.ceil(q * sum(counts.values()))
    seen = 0
    for index in sorted(counts):
        seen += counts[index]
        if seen >= max(rank, 1):
            return midpoint(index)
    return None
