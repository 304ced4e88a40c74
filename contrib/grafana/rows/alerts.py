"""What was wrong when, and whether anybody was told."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

from grafana_foundation_sdk.models import units

from contrib.grafana.colours import GREEN, ORANGE, RED
from contrib.grafana.looks import columns, states
from contrib.grafana.panel import Note, Row, line, panel
from contrib.grafana.promql import growth, highest, series, total
from contrib.grafana.query import over_time

_MANUAL = Path(__file__).parents[3] / "docs" / "alerts.md"

_CRITICAL = highest(series("lanes_alerts_firing", severity="critical"), "alert")
_WARNING = highest(series("lanes_alerts_firing", severity="warning"), "alert")

#: Alerting rules of Prometheus whose alerts are about an MTA of ours.
_RULES = 'count by (alertname) (ALERTS{alertstate="firing", mta=~"$mta"})'
_NO_RULE = 'label_replace(vector(0), "alertname", "none", "", "")'


def _manual() -> str:
    """What docs/alerts.md says of each alert, without its links: they lead to places that are not here."""
    text = _MANUAL.read_text("utf-8").split("\n## The alerts\n")[1].split("\n## ")[0]
    return re.sub(r"\[([^]]+)\]\([^)]+\)", r"**\1**", text).strip()


_FIRING = line(
    9,
    panel("Alerts of the house", "Found by the manager, or by the notifier while the manager is missed. Below is what "
          "each means, and what to do.",
          partial(states, (("quiet", GREEN), ("warning", ORANGE), ("critical", RED))), units.NoUnit,
          over_time(f"({_CRITICAL} > bool 0) * 2 or {_WARNING} > bool 0", "{{alert}}")),
    panel("Alerts of Prometheus' rules", "What fires of the rules in contrib/prometheus, and of your own, about the "
          "chosen MTAs.",
          partial(states, (("quiet", GREEN), ("fires", RED))), units.NoUnit,
          over_time(f"{_RULES} > bool 0 or {_NO_RULE}", "{{alertname}}")),
)  # fmt: skip

_TOLD = line(
    10,
    Note("What each alert means, and what to do", "From docs/alerts.md.", _manual()),
    panel("Notices, by sink", "Tries to tell somebody of an alert. If `failed` rises and `told` does not, somebody is "
          "not told: `lanes alerts test NAME` tries a sink.",
          columns, units.Short,
          over_time(total(growth("lanes_notices_total"), "sink", "result"), "{{sink}}, {{result}}")),
)  # fmt: skip

ROW = Row("Alerts", (_FIRING, _TOLD))
