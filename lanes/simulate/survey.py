"""A look over a trace before it is simulated: how much mail of which lanes, from when to when, and what it tells of
the world.

Where a trace tells how long deliveries took, the rest of its mail is taken to be like them: the median and the spread
of their times, of each domain of which enough is told, and of all others together.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from statistics import fmean, median, pstdev
from typing import Any, NamedTuple

from lanes.simulate.trace import Row

#: Deliveries of a domain that are enough to say how it takes mail, and of which more say nothing new.
_ENOUGH, _PLENTY = 30, 1000
#: The same of all mail together.
_IN_ALL = 100_000
#: No delivery takes less, in seconds: logs cut off.
_LEAST = 0.001


class Survey(NamedTuple):
    """What a trace holds."""

    messages: int
    began: float
    ended: float
    lanes: Counter[str]
    """Messages by lane, as the trace names it."""
    tells: int
    """Of how many it is told how long their delivery took."""
    world: dict[str, Any]
    """What a world is taken to be of which nothing else is said: as TOML, for :func:`lanes.simulate.world.parse`."""


def survey(rows: Iterable[Row]) -> Survey:
    """Read a trace to its end."""
    lanes: Counter[str] = Counter()
    domains: defaultdict[str, list[float]] = defaultdict(list)
    everywhere: list[float] = []
    began = ended = None
    tells = 0
    for row in rows:
        ended = row.instant
        began = ended if began is None else began
        lanes[row.lane] += 1
        if row.seconds is None:
            continue
        tells += 1
        took = math.log(max(row.seconds, _LEAST))
        if len(everywhere) < _IN_ALL:
            everywhere.append(took)
        if len(own := domains[row.domain]) < _PLENTY:
            own.append(took)
    world = {"destination": _fitted(everywhere)} if everywhere else {}
    if fitted := {name: _fitted(logs) for name, logs in domains.items() if len(logs) >= _ENOUGH}:
        world["destinations"] = fitted
    return Survey(lanes.total(), began or 0.0, ended or 0.0, lanes, tells, world)


def _fitted(logs: list[float]) -> dict[str, Any]:
    """A log-normal one: of the logarithms, the median, and how far they are from their mean."""
    mean = fmean(logs)
    return {"seconds": round(math.exp(median(logs)), 4), "spread": round(min(pstdev(logs, mean), 5.0), 3)}
