"""How old mail gets, against what was promised."""

from __future__ import annotations

from grafana_foundation_sdk.models import units

from contrib.grafana.colours import ORANGE
from contrib.grafana.looks import lines, spans
from contrib.grafana.panel import Row, line, panel
from contrib.grafana.promql import highest, lowest, series, sla, total
from contrib.grafana.query import bound, over_time

_AGES = line(
    8,
    panel("$lane: age of the oldest message", "Held, in flight, deferred or on hold by hand. Above the red line it is "
          "late. From the orange one on the house makes an alert of it; where mail is held by design there is none.",
          spans, units.Seconds,
          over_time(highest(series("lanes_oldest_age_seconds"), "lane"), "oldest"),
          bound(sla(), "SLA"),
          bound(lowest(series("lanes_lane_alert_after_seconds"), "lane"), "alert after", ORANGE),
          each="lane"),
)  # fmt: skip

_DUE = line(
    8,
    panel("Held and due", "Held messages whose time to leave has come. It goes back to 0 within moments where releases "
          "keep up; if it stays up while nothing is delivered, ask for the worker.",
          lines, units.Short,
          over_time(total(series("lanes_due"), "lane"), "{{lane}}")),
    panel("Overdue, by who has them", "Live messages past their deadline. Those on hold are ours to answer for, those "
          "with the MTA mostly their destinations'.",
          lines, units.Short,
          over_time(total(series("lanes_overdue"), "lane", "where"), "{{lane}}, {{where}}")),
)  # fmt: skip

ROW = Row("Age against the SLA", (_AGES, _DUE))
