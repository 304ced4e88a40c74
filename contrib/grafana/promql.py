"""The queries' vocabulary: PromQL about metrics of :mod:`lanes.metrics.table`, narrowed to what is chosen above.

Contract: pure text. Every selector asks for the chosen MTAs, and for the chosen lanes where the metric has lanes.
Failure: :class:`KeyError` for a metric or a label that the table does not have, :class:`ValueError` for a value that
the label cannot have: a panel of something that does not exist is not built.
"""

from __future__ import annotations

from lanes.metrics.metric import MTA
from lanes.metrics.table import METRICS

#: Grafana's: long enough for two scrapes at least, and for what a point of the graph stands for.
RECENTLY = "$__rate_interval"
#: Grafana's: the time range of the dashboard.
SHOWN = "$__range"
#: Variables of the dashboard, named as the labels that they choose from.
CHOSEN = (MTA, "lane")


def series(name: str, part: str = "", **labels: str) -> str:
    """A selector; ``part`` is what a histogram's series end in: ``_bucket``, ``_sum`` or ``_count``."""
    metric = METRICS[name]
    for label, value in labels.items():
        if metric.labels[label] and value not in metric.labels[label]:
            raise ValueError(f"{name} has no {label}={value!r}")
    matchers = [f'{label}=~"${label}"' for label in CHOSEN if label in metric.label_names]
    matchers += [f'{label}="{value}"' for label, value in labels.items()]
    return f"{name}{part}{{{', '.join(matchers)}}}"


def total(vector: str, *by: str) -> str:
    """The sum, by these labels."""
    return _aggregated("sum", vector, by)


def highest(vector: str, *by: str) -> str:
    """The maximum, by these labels."""
    return _aggregated("max", vector, by)


def lowest(vector: str, *by: str) -> str:
    """The minimum, by these labels."""
    return _aggregated("min", vector, by)


def growth(name: str, over: str = RECENTLY, part: str = "", **labels: str) -> str:
    """By how much a counter grew."""
    return f"increase({series(name, part, **labels)}[{over}])"


def per_minute(name: str, **labels: str) -> str:
    """How fast a counter grows."""
    return f"60 * rate({series(name, **labels)}[{RECENTLY}])"


def per_hour(name: str, **labels: str) -> str:
    """The same, for what is little in a minute."""
    return f"3600 * rate({series(name, **labels)}[{RECENTLY}])"


def quantile(q: float, name: str, *by: str, over: str = RECENTLY) -> str:
    """A quantile of a histogram, by these labels; NaN if nothing was measured."""
    buckets = f"rate({series(name, '_bucket')}[{over}])"
    return f"histogram_quantile({q}, {total(buckets, *by, 'le')})"


def sla() -> str:
    """Of each lane; the shortest, where MTAs differ."""
    return lowest(series("lanes_lane_sla_seconds"), "lane")


def objective() -> str:
    """Of each lane; the highest, where MTAs differ."""
    return highest(series("lanes_lane_objective_ratio"), "lane")


def in_time(over: str) -> str:
    """The part of each lane's deliveries that came by its deadline; nothing for a lane without any."""
    return f"1 - {_missed(over)}"


def burn(over: str) -> str:
    """How many times as fast as its objective allows a lane uses up its error budget; 0 where nothing was delivered.

    The same as :func:`lanes.sla.objective.burn_rate`.
    """
    return f"({_missed(over)}) / (1 - {objective()}) or 0 * {objective()}"


def budget_left(over: str) -> str:
    """The part of the error budget that is left; below 0 where more was used than there was."""
    return f"1 - ({burn(over)})"


def _missed(over: str) -> str:
    late = total(growth("lanes_sla_total", over, result="missed"), "lane")
    return f"{late} / ({total(growth('lanes_sla_total', over), 'lane')} > 0)"


def _aggregated(how: str, vector: str, by: tuple[str, ...]) -> str:
    return f"{how} by ({', '.join(by)}) ({vector})" if by else f"{how}({vector})"
