"""What is told at one scrape: values under the names of the table.

Contract: a name, or a label, that is not in the table is a :class:`KeyError`: nothing is exposed that is not
described there. Metrics come out in the order in which they were first told of.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from lanes.metrics.metric import MTA
from lanes.metrics.table import METRICS

_FAMILIES = {"counter": CounterMetricFamily, "gauge": GaugeMetricFamily, "histogram": HistogramMetricFamily}

#: Upper bounds as text, and how many are not above each: the last bound is ``+Inf``.
Buckets = Sequence[tuple[str, float]]


class Told:
    """One scrape of one MTA."""

    def __init__(self, mta: str) -> None:
        self._mta = mta
        self._families: dict[str, Metric] = {}

    def say(self, name: str, value: float, **labels: str) -> None:
        """A counter or a gauge."""
        self._family(name).add_metric(self._values(name, labels), value)

    def measured(self, name: str, buckets: Buckets, total: float, **labels: str) -> None:
        """A histogram; ``total`` is the sum of all that was measured."""
        self._family(name).add_metric(self._values(name, labels), buckets, total)

    def families(self) -> Iterable[Metric]:
        """All that was told, for :mod:`prometheus_client`."""
        return self._families.values()

    def _family(self, name: str) -> Any:
        if name not in self._families:
            metric = METRICS[name]
            self._families[name] = _FAMILIES[metric.kind](name, metric.help, labels=metric.label_names)
        return self._families[name]

    def _values(self, name: str, labels: dict[str, str]) -> list[str]:
        given = {MTA: self._mta, **labels}
        return [given[label] for label in METRICS[name].label_names]
