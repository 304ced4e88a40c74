"""What the dashboard is made of: rows of lines of panels, each with its queries.

Contract: all of it are values; building one changes nothing. Which options a panel can have is known to Grafana's own
SDK, whose types mypy checks: what is built is what Grafana understands.
"""

from __future__ import annotations

from collections.abc import Callable
from string import ascii_uppercase
from typing import NamedTuple

from grafana_foundation_sdk.builders import bargauge, heatmap, stat, statetimeline, table, text, timeseries
from grafana_foundation_sdk.models import dashboard
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue, GridPos
from grafana_foundation_sdk.models.text import TextMode

from contrib.grafana.colours import fixed
from contrib.grafana.query import Query

#: The Prometheus that is chosen above.
DATASOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
#: Panels that are repeated stand side by side, so many in a line.
_REPEATED_IN_A_LINE = 3

Chart = (bargauge.Panel | heatmap.Panel | stat.Panel | statetimeline.Panel | table.Panel | timeseries.Panel)


class Panel(NamedTuple):
    """Queries, and how their answers look."""

    title: str
    about: str
    """What it shows, and what to do if it looks bad: for whoever points at the panel's ``i``."""
    look: Callable[[], Chart]
    unit: str
    queries: tuple[Query, ...]
    each: str = ""
    """A variable, if the panel is drawn once for each of its values."""

    def build(self, number: int, place: GridPos) -> dashboard.Panel:
        """As Grafana wants it."""
        queries = dict(zip(ascii_uppercase, self.queries, strict=False))
        chart = self.look().id(number).grid_pos(place).title(self.title).description(self.about).unit(self.unit)
        chart = chart.datasource(DATASOURCE).targets([query.build(ref) for ref, query in queries.items()])
        for ref, query in queries.items():
            if query.bound:
                chart = chart.override_by_query(ref, _dashed(query.bound))
        if self.each:
            chart = chart.repeat(self.each).max_per_row(_REPEATED_IN_A_LINE)
        return chart.build()


def panel(title: str, about: str, look: Callable[[], Chart], unit: str, *queries: Query, each: str = "") -> Panel:
    """A :class:`Panel`, its queries last."""
    return Panel(title, about, look, unit, queries, each)


class Note(NamedTuple):
    """Words, in Markdown."""

    title: str
    about: str
    words: str

    def build(self, number: int, place: GridPos) -> dashboard.Panel:
        """As Grafana wants it."""
        note = text.Panel().id(number).grid_pos(place).title(self.title).description(self.about)
        return note.mode(TextMode.MARKDOWN).content(self.words).build()


class Line(NamedTuple):
    """Panels side by side, all equally wide."""

    height: int
    """In units of Grafana's grid, 38 pixels each."""
    panels: tuple[Panel | Note, ...]


def line(height: int, *panels: Panel | Note) -> Line:
    """A :class:`Line`."""
    return Line(height, panels)


class Row(NamedTuple):
    """Lines under a title."""

    title: str
    lines: tuple[Line, ...]
    collapsed: bool = False
    """Opened by a click; until then it asks Prometheus nothing."""


def _dashed(colour: str) -> list[DynamicConfigValue]:
    return [
        DynamicConfigValue(id_val="color", value=fixed(colour).build()),
        DynamicConfigValue(id_val="custom.lineStyle", value={"fill": "dash", "dash": [10, 10]}),
        DynamicConfigValue(id_val="custom.fillOpacity", value=0),
        DynamicConfigValue(id_val="custom.stacking", value={"mode": "none"}),
    ]
