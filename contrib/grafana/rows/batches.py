"""Batches: mail that is held by recipient domain, and leaves together."""

from __future__ import annotations

from grafana_foundation_sdk.models import units

from contrib.grafana.looks import lines
from contrib.grafana.panel import Row, line, panel
from contrib.grafana.promql import series, total
from contrib.grafana.query import over_time

_DOMAINS = line(
    8,
    panel("Domains with held mail", "In lanes with batches. `lanes ls --domains` says which, and how they take mail.",
          lines, units.Short,
          over_time(total(series("lanes_batches"), "lane"), "{{lane}}")),
    panel("Domains that are due", "Their oldest held message has waited for the batch's `max_wait`. It stays up for "
          "domains that are paused, that back off, or that wait for a better hour.",
          lines, units.Short,
          over_time(total(series("lanes_batches_due"), "lane"), "{{lane}}")),
    panel("Domains that are owed the rest", "A part of their batch has left, and the rest waits for room. If it stays "
          "up, the window or the batch's `streams` are too small for what comes.",
          lines, units.Short,
          over_time(total(series("lanes_batches_owed"), "lane"), "{{lane}}")),
)  # fmt: skip

ROW = Row("Batches", (_DOMAINS,), collapsed=True)
