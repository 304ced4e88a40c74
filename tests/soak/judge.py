"""Whether something grows: pure.

What a program takes up jitters, jumps once when a cache fills, and has outliers. So its slope is Theil and Sen's, the
median of the slopes between all pairs of samples (Sen 1968, JASA 63), over the later three quarters of a run: the
first one is left to caches, pools and tables to fill.

**Flat** is what does not grow by more than :data:`STEEP` an hour, or by more than :data:`PART` of itself, whichever is
more: 12 bytes a message at 25 messages a second are a mebibyte an hour. A run shorter than :data:`SHORTEST` is judged
by nobody: what is left of it after the first quarter is too short to tell a slope from a step.

Contract: instants and durations in seconds, sizes in whatever they come in. Failure: none; of fewer than two samples
the slope is 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from statistics import median
from typing import NamedTuple

#: MiB an hour, and the part of a size an hour, that count as flat.
STEEP, PART = 1.0, 0.02
#: Seconds that a run takes at least if its slopes are to mean anything.
SHORTEST = 1200.0
#: The part of a run that is left out.
WARM_UP = 0.25
#: More samples than these are thinned: pairs grow with their square.
_MOST = 500
_HOUR = 3600.0

Series = Sequence[tuple[float, float]]
"""(instant, size), by instant."""


class Trend(NamedTuple):
    """How something went, over the later three quarters of a run."""

    size: float
    """The median."""
    first: float
    """The median of the first tenth of these samples ..."""
    last: float
    """... and of the last."""
    per_hour: float
    """The slope."""

    @property
    def part_per_hour(self) -> float:
        """The slope as a part of the size."""
        return self.per_hour / self.size if self.size else 0.0


def settled(series: Series) -> Series:
    """Without the first quarter."""
    return series[int(len(series) * WARM_UP) :]


def slope(series: Series) -> float:
    """Theil and Sen's, a second."""
    thin = series[:: max(1, -(-len(series) // _MOST))]
    slopes = [(y - x) / (b - a) for (a, x), (b, y) in combinations(thin, 2) if b > a]
    return median(slopes) if slopes else 0.0


def trend(series: Series) -> Trend:
    """Of samples of a whole run."""
    kept = settled(series)
    sizes = [size for _, size in kept]
    tenth = max(1, len(sizes) // 10)
    return Trend(median(sizes), median(sizes[:tenth]), median(sizes[-tenth:]), slope(kept) * _HOUR)


def flat(found: Trend, seconds: float, steep: float = STEEP, part: float = PART) -> bool | None:
    """Whether it does not grow; None if the run was too short to tell."""
    return None if seconds < SHORTEST else found.per_hour <= max(steep, part * found.size)
