"""A query of a panel, and the ways to ask: over time, now, as a bound, as cells of a table."""

from __future__ import annotations

from typing import NamedTuple

from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from contrib.grafana.colours import RED


class Query(NamedTuple):
    """An expression, and what its series are called."""

    expr: str
    legend: str
    """``{{lane}}`` stands for the label's value. In a table: the heading of the column."""
    instant: bool = False
    """Only the end of what is shown is asked for."""
    form: PromQueryFormat = PromQueryFormat.TIME_SERIES
    step: str = ""
    """At least so much time between two points: for what looks back for days at each of them."""
    bound: str = ""
    """The colour of a dashed line, if that is what it is drawn as."""

    def build(self, ref: str) -> Dataquery:
        """As Grafana wants it; ``ref`` tells it from the panel's others."""
        built = Dataquery().ref_id(ref).expr(self.expr).legend_format(self.legend).format(self.form)
        if self.step:
            built.interval(self.step)
        return built.instant() if self.instant else built.range()


def over_time(expr: str, legend: str, step: str = "") -> Query:
    """A point for each step of what is shown."""
    return Query(expr, legend, step=step)


def bound(expr: str, legend: str, colour: str = RED) -> Query:
    """What the others are not to be above, or below: a dashed line."""
    return Query(expr, legend, bound=colour)


def now(expr: str, legend: str) -> Query:
    """One value a series."""
    return Query(expr, legend, instant=True)


def cells(expr: str, heading: str) -> Query:
    """A column of a table."""
    return Query(expr, heading, instant=True, form=PromQueryFormat.TABLE)


def buckets(expr: str) -> Query:
    """The buckets of a histogram, for a heat map."""
    return Query(expr, "{{le}}", form=PromQueryFormat.HEATMAP)
