"""Error budgets: how much of what an objective allows to be late is used up, and how fast."""

from __future__ import annotations

from functools import partial

from grafana_foundation_sdk.models import units

from contrib.grafana.colours import LEFT
from contrib.grafana.looks import bars_to_one, columns, lines
from contrib.grafana.panel import Panel, Row, line, panel
from contrib.grafana.promql import budget_left, burn, growth, total
from contrib.grafana.query import now, over_time
from contrib.grafana.units import TIMES
from lanes.config.units import format_seconds
from lanes.sla.objective import WINDOWS, Window

#: Over which time objectives are to be met: ``sla.period``, as shipped.
_PERIOD = 30 * 86400.0
_DAYS = format_seconds(_PERIOD)
#: What looks back for days costs Prometheus much at each point.
_STEP, _LONG_STEP = "5m", "1h"

_LEFT = line(
    8,
    panel("Error budget left", f"How much of what the objective allows to be late was not used up in the last {_DAYS}. "
          "At 0 the objective is missed.",
          partial(bars_to_one, LEFT), units.PercentUnit,
          now(budget_left(_DAYS), "{{lane}}")),
    panel("Error budget left, over time", f"At each instant, of the {_DAYS} before. A line that falls by a third in a "
          "day leaves two more.",
          partial(lines, 0.0), units.PercentUnit,
          over_time(budget_left(_DAYS), "{{lane}}", _LONG_STEP)),
    panel("Missed deadlines", "Deliveries after their deadline. `lanes sla --since 1d` says where the time went.",
          columns, units.Short,
          over_time(total(growth("lanes_sla_total", result="missed"), "lane"), "{{lane}}")),
)  # fmt: skip


def _burn(window: Window) -> Panel:
    span = format_seconds(window.long)
    return panel(
        f"Burn rate, {span}", f"At 1, the error budget lasts for just {_DAYS}. Above the dashed line "
        f"{window.budget:.0%} of it goes in {span}: if that goes on, it is an alert, {window.severity}.",
        partial(lines, window.rate(_PERIOD)), TIMES,
        over_time(burn(span), "{{lane}}", _STEP),
    )  # fmt: skip


ROW = Row("Error budget", (_LEFT, line(7, *map(_burn, WINDOWS))))
