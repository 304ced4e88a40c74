"""From our log-spaced buckets to Prometheus' classic ones: few, with the same boundaries in every lane.

Contract: pure. Durations are seconds. A value counts as not above a boundary if its log-spaced bucket
(:mod:`lanes.sla.histogram`) is not above that of the boundary: always if it is not, and also if it is above it by
less than 2 %, the width of a bucket.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from prometheus_client.utils import floatToGoString

from lanes.config.model import Lane
from lanes.sla.histogram import bucket, midpoint

_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0
#: From what a machine takes to what an MTA gives up after, each some twice the last.
_BOUNDARIES = (
    0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0,
    _MINUTE, 2 * _MINUTE, 5 * _MINUTE, 10 * _MINUTE, 20 * _MINUTE, 30 * _MINUTE,
    _HOUR, 2 * _HOUR, 4 * _HOUR, 8 * _HOUR, 12 * _HOUR, _DAY, 2 * _DAY, 5 * _DAY,
)  # fmt: skip


def boundaries(lanes: Iterable[Lane]) -> tuple[float, ...]:
    """Ascending; each lane's ``sla`` and ``alert_after`` are among them."""
    promised = {float(seconds) for lane in lanes for seconds in (lane.sla, lane.alert_after) if seconds}
    return tuple(sorted(promised.union(_BOUNDARIES)))


def cumulative(counts: Mapping[int, int], bounds: Sequence[float]) -> list[tuple[str, float]]:
    """How many are not above each boundary, and how many there are."""
    found, seen = [], 0
    rest = sorted(counts.items(), reverse=True)
    for bound in bounds:
        last = bucket(bound)
        while rest and rest[-1][0] <= last:
            seen += rest.pop()[1]
        found.append((floatToGoString(bound), float(seen)))
    return [*found, ("+Inf", float(sum(counts.values())))]


def total(counts: Mapping[int, int]) -> float:
    """The sum of all values, within 1 %."""
    return sum(midpoint(index) * count for index, count in counts.items())
