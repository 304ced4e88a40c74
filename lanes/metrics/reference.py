"""The reference of all metrics for people, written from the table: ``docs/metrics.md``."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from lanes.metrics.metric import Group, Metric
from lanes.metrics.table import TABLE

_WIDTH = 115

_INTRODUCTION = """\
# Metrics: what Prometheus can ask, and what the numbers mean

This page is written from the table that the code itself uses: `python -m lanes.metrics > docs/metrics.md`.

`lanes api` serves what the house counts at `/metrics` (`web.listen`, port 8025), read from Redis when it is asked: a
scrape costs milliseconds, however much mail waits. The filter counts for itself, on every host where one runs
(`milter.metrics = "127.0.0.1:9910"`). Both speak Prometheus' text format, and OpenMetrics if asked for it.

Every metric has the label `mta`, the name of the MTA (`mta.name`). Several MTAs are several scrapes, one API each:
all APIs of one MTA tell the same, so scrape one of them. No sender, recipient or domain is ever a label.

[contrib/prometheus](../contrib/prometheus) has the configuration of a Prometheus that scrapes both, and the rules to
go with it:

- `recording.yml` keeps rates, percentiles and burn rates ready, lane by lane.
- `alerting.yml` tells of what the house's own [alerts](alerts.md) tell, for sites that have Prometheus tell of
  everything; and of what the house cannot tell of itself: that it is not there, or tells nobody.
"""


def reference() -> str:
    """The whole page."""
    return "\n".join([_INTRODUCTION, *(_group(group) for group in TABLE)])


def _group(group: Group) -> str:
    return "\n".join([f"## {group.title}", *_paragraph(group.about), "", *(_metric(one) for one in group.metrics)])


def _metric(metric: Metric) -> str:
    labels = [_label(name, values) for name, values in metric.labels.items()]
    kind = f"*{metric.kind}*, by {', '.join(labels)}." if labels else f"*{metric.kind}*."
    return "\n".join([f"### {metric.name}", *_paragraph(f"{kind} {metric.help}"), "", *_paragraph(metric.note), ""])


def _label(name: str, values: tuple[str, ...]) -> str:
    return f"`{name}` ({', '.join(f'`{value}`' for value in values)})" if values else f"`{name}`"


def _paragraph(text: str) -> Iterator[str]:
    """In lines; what is code stays in one."""
    yield from textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False)
