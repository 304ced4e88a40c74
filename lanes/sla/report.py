"""How well a lane kept its word over some time: what ``lanes sla`` and the API say of it.

Contract: pure. Durations are seconds. Failure: none; what nothing is known of is None.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from lanes.config.model import Lane
from lanes.sla.objective import Outcomes, budget_left
from lanes.sla.period import Measure, Period

QUANTILES = (0.5, 0.95, 0.99)


class Stretch(NamedTuple):
    """What a lane delivered in a stretch of time."""

    at: float
    """When it began."""
    seconds: float
    period: Period


class Report(NamedTuple):
    """A lane over some time."""

    lane: str
    objective: float
    sla: float
    outcomes: Outcomes
    mean: float | None
    """Of the queue time."""
    quantiles: dict[Measure, dict[float, float | None]]
    """Of each measure, by :data:`QUANTILES`."""
    worst: tuple[Stretch, ...]
    """Where most deadlines were missed, the worst first; as fine as is still known."""
    budget_left: float
    """The part of the error budget that is left of the objective's whole period."""


def report(lane: str, terms: Lane, since: Sequence[Stretch], period: Outcomes, worst: int) -> Report:
    """What the stretches ``since`` some instant say, and the error budget after the objective's whole period."""
    whole = Period.merged(one.period for one in since)
    return Report(
        lane, terms.objective, terms.sla, Outcomes(whole.messages, whole.missed), whole.mean,
        {measure: {q: whole.percentile(measure, q) for q in QUANTILES} for measure in Measure},
        tuple(sorted((one for one in since if one.period.missed), key=_badness)[:worst]),
        budget_left(period, terms.objective),
    )  # fmt: skip


def _badness(one: Stretch) -> tuple[float, float]:
    """The most violations first, then the latest."""
    return -one.period.missed, -one.at
