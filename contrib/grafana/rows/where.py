"""Where the time goes: on hold, with the MTA, or because we were late."""

from __future__ import annotations

from grafana_foundation_sdk.models import units

from contrib.grafana.looks import spans, stacked
from contrib.grafana.panel import Row, line, panel
from contrib.grafana.promql import growth, quantile, total
from contrib.grafana.query import over_time


def _mean(name: str) -> str:
    """Of all deliveries, also of those that have no such part, so that the parts add up."""
    deliveries = total(growth("lanes_queue_seconds", part="_count"), "lane")
    return f"{total(growth(name, part='_sum'), 'lane')} / ({deliveries} > 0)"


_MEANS = line(
    8,
    panel("$lane: mean time to deliver, by who had it", "Who is slow, we or the MTA? Time on hold is meant where a "
          "lane holds its mail. Time with the MTA is its own queue, the network, and the destinations.",
          stacked, units.Seconds,
          over_time(_mean("lanes_held_seconds"), "on hold"),
          over_time(_mean("lanes_mta_seconds"), "with the MTA"),
          each="lane"),
)  # fmt: skip

_PARTS = line(
    8,
    panel("On hold (p95)", "Of what was held by us and then delivered.",
          spans, units.Seconds,
          over_time(quantile(0.95, "lanes_held_seconds", "lane"), "{{lane}}")),
    panel("With the MTA (p95)", "`delays=a/b/c/d` in the MTA's log says whether it was its queue (b), connecting (c) "
          "or transmitting (d). A smaller window keeps its queue short.",
          spans, units.Seconds,
          over_time(quantile(0.95, "lanes_mta_seconds", "lane"), "{{lane}}")),
    panel("Released late (p99)", "How long after it was due held mail was let go: what we ourselves add to mail that "
          "was due. If it grows, the window is full or the worker is busy.",
          spans, units.Seconds,
          over_time(quantile(0.99, "lanes_release_lateness_seconds", "lane"), "{{lane}}")),
)  # fmt: skip

ROW = Row("Where the time goes", (_MEANS, _PARTS))
