"""How well lanes kept their word, from the history."""

from __future__ import annotations

from lanes.answers import Answer, Instant, rounded
from lanes.sla.period import Measure, Period
from lanes.sla.report import Report, Stretch
from lanes.timestamps import rfc3339


class Worst(Answer, frozen=True, kw_only=True):
    """A stretch of time in which deadlines were missed."""

    since: Instant
    seconds: float
    messages: int
    missed: int
    p95_seconds: float | None


class Sla(Answer, frozen=True, kw_only=True):
    """A lane over some time. ``queue`` is from acceptance to delivery, ``held`` the part on hold by us, ``mta`` the
    rest, ``lateness`` how long after it was due mail was released."""

    lane: str
    messages: int
    missed: int
    compliance: float | None
    objective: float
    budget_left: float | None
    """The share of the error budget that is left of the objective's whole period; below 0: more than there was."""
    sla_seconds: float
    mean_seconds: float | None
    queue_p50_seconds: float | None
    queue_p95_seconds: float | None
    queue_p99_seconds: float | None
    held_p50_seconds: float | None
    held_p95_seconds: float | None
    held_p99_seconds: float | None
    mta_p50_seconds: float | None
    mta_p95_seconds: float | None
    mta_p99_seconds: float | None
    lateness_p50_seconds: float | None
    lateness_p95_seconds: float | None
    lateness_p99_seconds: float | None
    worst: list[Worst]


class Point(Answer, frozen=True, kw_only=True):
    """What a lane delivered in a stretch of time; for plots."""

    lane: str
    at: Instant
    seconds: float
    messages: int
    missed: int
    p50_seconds: float | None
    p95_seconds: float | None
    p99_seconds: float | None


#: A measure's name in the fields of :class:`Sla`.
NAMES = {Measure.QUEUE: "queue", Measure.HELD: "held", Measure.MTA: "mta", Measure.LATENESS: "lateness"}


def sla(report: Report) -> Sla:
    """A lane's report."""
    return Sla(
        lane=report.lane, messages=report.outcomes.delivered, missed=report.outcomes.missed,
        compliance=rounded(report.outcomes.compliance), objective=report.objective,
        budget_left=rounded(report.budget_left), sla_seconds=float(report.sla), mean_seconds=rounded(report.mean),
        worst=[_worst(stretch) for stretch in report.worst],
        **{f"{NAMES[measure]}_p{round(100 * q)}_seconds": rounded(value)
           for measure, quantiles in report.quantiles.items() for q, value in quantiles.items()},
    )  # fmt: skip


def point(lane: str, stretch: Stretch) -> Point:
    """A stretch of a lane's history."""
    p50, p95, p99 = (_p(stretch.period, q) for q in (0.5, 0.95, 0.99))
    return Point(
        lane=lane, at=rfc3339(stretch.at), seconds=float(stretch.seconds), messages=stretch.period.messages,
        missed=stretch.period.missed, p50_seconds=p50, p95_seconds=p95, p99_seconds=p99,
    )  # fmt: skip


def _worst(stretch: Stretch) -> Worst:
    period = stretch.period
    return Worst(since=rfc3339(stretch.at), seconds=float(stretch.seconds), messages=period.messages,
                 missed=period.missed, p95_seconds=_p(period, 0.95))


def _p(period: Period, q: float) -> float | None:
    return rounded(period.percentile(Measure.QUEUE, q))
