"""The whole dashboard: what can be chosen, what is marked in every panel, and the rows.

Contract: pure; the same text each time.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from grafana_foundation_sdk.builders.dashboard import AnnotationQuery, Dashboard, DatasourceVariable, QueryVariable
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as model

from contrib.grafana.colours import BLUE, ORANGE, RED
from contrib.grafana.layout import placed
from contrib.grafana.panel import DATASOURCE
from contrib.grafana.promql import highest, series
from contrib.grafana.rows import ROWS

FILE = Path(__file__).with_name("dashboards") / "mta-lanes.json"

_ABOUT = "Priority lanes, deadlines and SLAs of an MTA: what was promised, whether it is kept, and who is slow if not."


class Mark(NamedTuple):
    """What is marked in all panels, wherever the expression is 1."""

    name: str
    colour: str
    expr: str
    words: str

    def build(self) -> AnnotationQuery:
        """As Grafana wants it."""
        mark = AnnotationQuery().name(self.name).datasource(DATASOURCE).enable(True).icon_color(self.colour)
        return mark.expr(self.expr).step("60s").title_format(self.words).text_format("{{mta}}")


_CRITICAL, _WARNING = (highest(series("lanes_alerts_firing", severity=severity), "mta", "alert")
                       for severity in ("critical", "warning"))  # fmt: skip
_VERSION, _VERSION_BEFORE = (highest(series("lanes_build_info") + offset, "mta", "version")
                             for offset in ("", " offset 5m"))  # fmt: skip
_MARKS = (
    Mark("Critical alerts", RED, f"{_CRITICAL} > bool 0", "{{alert}}"),
    Mark("Warnings", ORANGE, f"{_WARNING} > bool 0", "{{alert}}"),
    Mark("Alerts of Prometheus' rules", RED, 'ALERTS{alertstate="firing", mta=~"$mta"} or vector(0)', "{{alertname}}"),
    Mark("New versions", BLUE, f"{_VERSION} unless {_VERSION_BEFORE} or vector(0)", "mta-lanes {{version}}"),
)


def text() -> str:
    """The dashboard in Grafana's own JSON, to be provisioned from a file."""
    built = json.loads(JSONEncoder().encode(_dashboard()))
    return json.dumps({"id": None, **built}, indent=2, ensure_ascii=False) + "\n"


def _dashboard() -> model.Dashboard:
    dashboard = (
        Dashboard("mta-lanes").uid("mta-lanes").description(_ABOUT).tags(["mta-lanes", "mail"]).readonly()
        .time("now-6h", "now").refresh("10s").timezone("browser").tooltip(model.DashboardCursorSync.CROSSHAIR)
        .with_variable(DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
        .with_variable(_choice("mta", "MTA", "label_values(lanes_up, mta)"))
        .with_variable(_choice("lane", "Lane", 'label_values(lanes_lane_sla_seconds{mta=~"$mta"}, lane)'))
    )  # fmt: skip
    for mark in _MARKS:
        dashboard = dashboard.annotation(mark.build())
    built = dashboard.build()
    built.panels = list(placed(ROWS))
    return built


def _choice(name: str, label: str, query: str) -> QueryVariable:
    """Some of a label's values, or all of them; looked up again when the time range changes."""
    everything = model.VariableOption(selected=True, text=["All"], value=["$__all"])
    return (
        QueryVariable(name).label(label).query(query).definition(query).datasource(DATASOURCE).multi(True)
        .include_all(True).all_value(".+").current(everything).sort(model.VariableSort.ALPHABETICAL_ASC)
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
    )  # fmt: skip
