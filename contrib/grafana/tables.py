"""A table: a line for each value of a label, a column a query."""

from __future__ import annotations

from functools import partial
from string import ascii_uppercase
from typing import NamedTuple

from grafana_foundation_sdk.builders import table
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.common import TableCellDisplayMode
from grafana_foundation_sdk.models.dashboard import DataTransformerConfig, DynamicConfigValue

from contrib.grafana.colours import Steps, Words, by_value, mappings, thresholds
from contrib.grafana.panel import Panel, panel
from contrib.grafana.query import cells


class Column(NamedTuple):
    """Its cells' colour is that of their text."""

    heading: str
    expr: str
    unit: str
    steps: Steps = ()
    words: Words = ()

    @property
    def options(self) -> list[DynamicConfigValue]:
        """What is different from column to column."""
        made = [DynamicConfigValue(id_val="unit", value=self.unit)]
        if self.words:
            made.append(DynamicConfigValue(id_val="mappings", value=mappings(self.words)))
        if self.steps:
            made.append(DynamicConfigValue(id_val="thresholds", value=thresholds(self.steps).build()))
        if self.steps or self.words:
            kind = {"type": TableCellDisplayMode.COLOR_TEXT}
            made.append(DynamicConfigValue(id_val="custom.cellOptions", value=kind))
        return made


def table_of(title: str, about: str, *columns: Column) -> Panel:
    """Every column's query is by the same label, which is the first column."""
    queries = [cells(column.expr, column.heading) for column in columns]
    return panel(title, about, partial(_draw, columns), units.NoUnit, *queries)


def _draw(columns: tuple[Column, ...]) -> table.Panel:
    # Grafana calls the values of query A "Value #A", and gives each its time.
    renamed = {f"Value #{ref}": column.heading for ref, column in zip(ascii_uppercase, columns, strict=False)}
    organized = {"excludeByName": {"Time": True}, "renameByName": renamed}
    drawn = (
        table.Panel().color_scheme(by_value()).no_value("–")
        .with_transformation(DataTransformerConfig(id_val="merge", options={}))
        .with_transformation(DataTransformerConfig(id_val="organize", options=organized))
    )  # fmt: skip
    for column in columns:
        drawn = drawn.override_by_name(column.heading, column.options)
    return drawn
