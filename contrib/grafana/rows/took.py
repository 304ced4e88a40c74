"""How long deliveries took, from acceptance to the last recipient."""

from __future__ import annotations

from grafana_foundation_sdk.models import units

from contrib.grafana.looks import density, lines, spans
from contrib.grafana.panel import Row, line, panel
from contrib.grafana.promql import RECENTLY, growth, in_time, objective, quantile, sla, total
from contrib.grafana.query import bound, buckets, over_time

_PERCENTILES = line(
    8,
    panel("$lane: time to deliver", "Half, 95 % and 99 % of deliveries took no longer. Nothing is drawn while nothing "
          "is delivered. A p95 above the dashed line makes the lane `slow`.",
          spans, units.Seconds,
          over_time(quantile(0.5, "lanes_queue_seconds", "lane"), "p50"),
          over_time(quantile(0.95, "lanes_queue_seconds", "lane"), "p95"),
          over_time(quantile(0.99, "lanes_queue_seconds", "lane"), "p99"),
          bound(sla(), "SLA"),
          each="lane"),
)  # fmt: skip

_ALL = line(
    9,
    panel("Deliveries, by how long they took", "What was held stands apart from what passed at once. A band that "
          "climbs is a queue that grows.",
          density, units.Seconds,
          buckets(total(growth("lanes_queue_seconds", RECENTLY, "_bucket"), "le"))),
    panel("In time", "The part of deliveries that came by their deadline; dashed, what the lane's objective asks for.",
          lines, units.PercentUnit,
          over_time(in_time(RECENTLY), "{{lane}}"),
          bound(objective(), "{{lane}}: objective")),
)  # fmt: skip

ROW = Row("Time to deliver", (_PERCENTILES, _ALL))
