"""What makes a dashboard good, as far as its JSON shows it: the rules of Grafana's own linter (dashboard-linter), and
that it asks for what the table of metrics has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from grafana_foundation_sdk.models import units

from contrib.grafana import dashboard
from contrib.grafana.layout import drawn, placed
from contrib.grafana.panel import Note, Row, line
from contrib.grafana.promql import series
from contrib.grafana.rows import ROWS
from contrib.sandbox.grafana import Board
from lanes.metrics.metric import Metric
from lanes.metrics.table import METRICS

BOARD = Board(dashboard.FILE)
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
FOLDER = Path(dashboard.__file__).parent

#: Metrics that no panel shows, and why not.
NOT_SHOWN: dict[str, str] = {}
#: How far a query may look back at each point: what Grafana chooses, and what error budgets are about.
SPANS = {"$__rate_interval", "$__range", "1h", "6h", "1d", "3d", "30d"}

PANELS = pytest.mark.parametrize("panel", BOARD.panels, ids=lambda panel: str(panel["title"]))
CHARTS = pytest.mark.parametrize("panel", [panel for panel in BOARD.panels if panel["type"] != "text"],
                                 ids=lambda panel: str(panel["title"]))  # fmt: skip


class Selected(NamedTuple):
    """A selector of one of our metrics in an expression."""

    metric: Metric
    matchers: dict[str, tuple[str, str]]
    """Label -> operator and value."""
    span: str
    function: str
    """What is called right around it."""


def selected(expr: str) -> Iterator[Selected]:
    """All selectors; raises KeyError for a metric that there is not."""
    for function, name, inside, span in re.findall(r"(?:(\w+)\()?\b(lanes_\w+)(?:\{([^}]*)\})?(?:\[([^]]+)\])?", expr):
        metric = METRICS.get(name) or METRICS[re.sub(r"_(bucket|sum|count)$", "", name)]
        assert name == metric.name or metric.kind == "histogram"
        matchers = {label: (how, value) for label, how, value in re.findall(r'(\w+)(=~|!~|!=|=)"([^"]*)"', inside)}
        yield Selected(metric, matchers, span, function)


EXPRESSIONS = [question.expr for question in BOARD.questions()]


def test_what_is_committed_is_what_the_code_makes() -> None:
    assert dashboard.FILE.read_text("utf-8") == dashboard.text(), "run: python -m contrib.grafana"


def test_it_can_be_provisioned_and_not_be_changed_by_accident() -> None:
    model = BOARD.model
    assert (model["uid"], model["id"], model["title"], model["editable"]) == ("mta-lanes", None, "mta-lanes", False)
    assert (model["refresh"], model["time"]) == ("10s", {"from": "now-6h", "to": "now"})


def test_prometheus_the_mtas_and_the_lanes_can_be_chosen() -> None:
    source, *choices = BOARD.variables
    assert (source["type"], source["name"], source["query"]) == ("datasource", "datasource", "prometheus")
    assert [choice["name"] for choice in choices] == ["mta", "lane"]
    for choice in choices:
        assert (choice["multi"], choice["includeAll"], choice["allValue"]) == (True, True, ".+")
        assert choice["current"]["value"] == ["$__all"]
        assert choice["refresh"] == 2, "looked up again when the time range changes"


def test_all_of_it_asks_the_prometheus_that_is_chosen() -> None:
    asking = [*BOARD.variables[1:], *BOARD.annotations, *(panel for panel in BOARD.panels if "targets" in panel)]
    assert all(one["datasource"] == SOURCE for one in asking)
    assert not any("datasource" in target for panel in BOARD.panels for target in panel.get("targets", ()))


@PANELS
def test_each_panel_says_what_it_shows_and_in_which_unit(panel: dict[str, Any]) -> None:
    assert panel["title"]
    assert panel["description"].endswith((".", "?"))
    if panel["type"] != "text":
        unit = panel["fieldConfig"]["defaults"]["unit"]
        assert unit in vars(units).values() or unit.startswith("suffix:")


def test_no_two_panels_are_called_or_described_the_same() -> None:
    for what in ("id", "title", "description"):
        found = [panel[what] for panel in BOARD.panels]
        assert len(found) == len(set(found)), what


@CHARTS
def test_each_query_has_a_name_of_its_own_and_a_legend(panel: dict[str, Any]) -> None:
    refs = [target["refId"] for target in panel["targets"]]
    assert refs
    assert len(refs) == len(set(refs))
    legends = [target["legendFormat"] for target in panel["targets"]]
    assert all(legends)
    assert len(legends) == len(set(legends))
    if panel["type"] in {"timeseries", "state-timeline"}:
        assert panel["options"]["legend"]["showLegend"]
        assert panel["options"]["tooltip"]["mode"] == "multi"


@CHARTS
def test_what_looks_back_far_at_once_asks_for_few_points(panel: dict[str, Any]) -> None:
    for target in panel["targets"]:
        spans = {one.span for one in selected(target["expr"])}
        assert target["instant"] or not spans & {"$__range", "1d", "3d", "30d"} or "interval" in target


@pytest.mark.parametrize("expr", EXPRESSIONS)
def test_each_expression_is_about_what_is_chosen_and_what_the_table_has(expr: str) -> None:
    found = list(selected(expr))
    for metric, matchers, span, function in found:
        assert set(matchers) <= set(metric.label_names)
        for label, (how, value) in matchers.items():
            allowed = metric.labels.get(label)
            assert (how, value) == ("=~", f"${label}") or (how == "=" and (not allowed or value in allowed))
        if "group by" not in expr:  # as variables ask
            chosen = {"mta", "lane"} & set(metric.label_names)
            assert all(matchers.get(label) == ("=~", f"${label}") for label in chosen)
        assert (function in {"rate", "increase"}) == bool(span) == (metric.kind != "gauge")
        assert not span or span in SPANS
    labels = {label for one in found for label in one.metric.label_names} | {"le", "alertname"}
    assert {label for by in re.findall(r"(?:by|on) \(([^)]*)\)", expr) for label in by.split(", ")} <= labels


def test_every_metric_is_shown_or_it_is_said_why_not() -> None:
    shown = {one.metric.name for expr in EXPRESSIONS for one in selected(expr)}
    assert set(METRICS) - shown == set(NOT_SHOWN)


@pytest.mark.parametrize("row", BOARD.rows, ids=lambda row: str(row[0]["title"]))
def test_panels_fill_their_row_without_overlap(row: list[dict[str, Any]]) -> None:
    places = [panel["gridPos"] for panel in row]
    for one, other in combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or above
    assert all(place["x"] >= 0 and place["x"] + place["w"] <= 24 for place in places)
    top, bottom = min(place["y"] for place in places), max(place["y"] + place["h"] for place in places)
    assert sum(place["w"] * place["h"] for place in places) == 24 * (bottom - top)


def test_rows_follow_each_other_without_overlap() -> None:
    top = 0
    for panel in BOARD.model["panels"]:
        place = panel["gridPos"]
        assert place["y"] >= top
        if panel["type"] == "row":
            top = place["y"] + 1


def test_columns_of_a_table_are_called_as_their_queries() -> None:
    for panel in BOARD.panels:
        if panel["type"] == "table":
            (renamed,) = [one["options"]["renameByName"] for one in panel["transformations"] if one["id"] == "organize"]
            assert renamed == {f"Value #{target['refId']}": target["legendFormat"] for target in panel["targets"]}
            assert {one["matcher"]["options"] for one in panel["fieldConfig"]["overrides"]} == set(renamed.values())


def test_it_can_be_drawn_as_text() -> None:
    lines = drawn(ROWS).splitlines()
    assert {len(line) for line in lines if line.startswith(("+", "|"))} == {121}
    assert [line.removeprefix("=== ") for line in lines if line.startswith("===")] == [row.title for row in ROWS]


@pytest.mark.parametrize(("name", "labels", "wrong"), [
    ("lanes_depht", {}, "lanes_depht"), ("lanes_depth", {"sate": "held"}, "sate"),
    ("lanes_depth", {"state": "hold"}, "state='hold'"),
])  # fmt: skip
def test_a_panel_of_something_that_there_is_not_is_not_built(name: str, labels: dict[str, str], wrong: str) -> None:
    with pytest.raises((KeyError, ValueError), match=wrong):
        series(name, **labels)


def test_a_line_of_panels_that_cannot_be_equally_wide_is_not_built() -> None:
    with pytest.raises(ValueError, match="5 panels cannot be equally wide: 'One'"):
        list(placed([Row("Row", (line(4, *[Note("One", "About.", "Words.")] * 5),))]))


def test_grafana_reads_it_from_where_the_manual_says() -> None:
    # Given what is to be copied to Grafana's machine
    provider = (FOLDER / "provisioning" / "dashboards" / "mta-lanes.yml").read_text("utf-8")
    datasource = (FOLDER / "provisioning" / "datasources" / "mta-lanes.yml").read_text("utf-8")
    manual = (FOLDER.parents[1] / "docs" / "monitoring.md").read_text("utf-8")
    # Then the folder is the one that the manual has the dashboard copied to
    (path,) = re.findall(r"path: (\S+)", provider)
    assert path in manual
    # And Grafana knows how often Prometheus scrapes, of which it makes $__rate_interval
    scraped = (FOLDER.parent / "prometheus" / "prometheus.yml").read_text("utf-8")
    assert re.findall(r"timeInterval: (\S+)", datasource) == re.findall(r"scrape_interval: (\S+)", scraped)
