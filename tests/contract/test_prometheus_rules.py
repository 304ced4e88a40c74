"""The rules for Prometheus that are shipped: valid, tried with series that fire and that do not, and documented."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contrib.sandbox.prometheus import PrivatePrometheus
from lanes.config.load import parse
from lanes.metrics.metric import MTA
from lanes.metrics.table import METRICS
from lanes.sla.objective import WINDOWS

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "contrib" / "prometheus"
RULES = [FOLDER / "recording.yml", FOLDER / "alerting.yml"]
TESTS = sorted((FOLDER / "tests").glob("*.yml"))
SUFFIXES = {"counter": [""], "gauge": [""], "histogram": ["_bucket", "_sum", "_count"]}

Rule = dict[str, Any]


@pytest.fixture(scope="module")
def rules() -> Iterator[list[Rule]]:
    """All of them, as Prometheus reads them."""
    with PrivatePrometheus({}, RULES) as prometheus:
        yield prometheus.rules()


@pytest.fixture
def alerts(rules: list[Rule]) -> list[Rule]:
    return [rule for rule in rules if rule["type"] == "alerting"]


def promtool(*arguments: str | Path) -> tuple[int, str]:
    ran = subprocess.run(["promtool", *arguments], capture_output=True, check=False, text=True)
    return ran.returncode, ran.stdout + ran.stderr


def test_promtool_finds_nothing_wrong_with_rules_and_configuration() -> None:
    for what, files in (("rules", RULES), ("config", [FOLDER / "prometheus.yml"])):
        code, said = promtool("check", what, *files)
        assert (code, "FAILED" in said) == (0, False), said


@pytest.mark.parametrize("file", TESTS, ids=lambda file: file.stem)
def test_rules_do_what_their_tests_say(file: Path) -> None:
    code, said = promtool("test", "rules", file)
    assert code == 0, said


def test_each_alert_is_tried(alerts: list[Rule]) -> None:
    tried = {name for file in TESTS for name in re.findall(r'alertname="(\w+)"', file.read_text("utf-8"))}
    assert tried == {alert["name"] for alert in alerts}


def test_each_alert_says_how_grave_it_is_what_is_wrong_what_to_do_and_where_more_is_written(alerts: list[Rule]) -> None:
    for alert in alerts:
        assert alert["labels"]["severity"] in ("critical", "warning"), alert["name"]
        assert set(alert["annotations"]) == {"summary", "description", "runbook"}, alert["name"]
        page, _, section = alert["annotations"]["runbook"].partition("#")
        assert f"\n### {section}\n" in (ROOT / page).read_text("utf-8"), alert["name"]


def test_rules_are_about_metrics_and_labels_that_there_are(rules: list[Rule]) -> None:
    recorded = {rule["name"] for rule in rules if rule["type"] == "recording"}
    exposed = {f"{name}{suffix}" for name, metric in METRICS.items() for suffix in SUFFIXES[metric.kind]}
    labels = {label for metric in METRICS.values() for label in metric.label_names} | {"job"}
    for rule in rules:
        assert set(re.findall(r"[\w:]*lanes_[\w:]+", rule["query"])) <= recorded | exposed, rule["query"]
        assert set(re.findall(r"(\w+)=~?\"", rule["query"])) <= labels, rule["query"]


def test_recording_rules_are_named_after_the_labels_that_they_leave(rules: list[Rule]) -> None:
    own = {label for metric in METRICS.values() for label in metric.labels}
    for rule in rules:
        if rule["type"] == "recording":
            level, metric, _operations = rule["name"].split(":")
            assert set(level.split("_")) <= own | {MTA}, rule["name"]
            assert metric.startswith("lanes_"), rule["name"]
        assert " by " not in rule["query"], rule["name"]


def test_bounds_are_those_of_the_house_as_shipped(alerts: list[Rule]) -> None:
    bounds, query = parse("").alerts, {alert["name"]: alert["query"] for alert in alerts}
    assert query["LanesFilling"].endswith(f"> {bounds.filling:g}")
    assert query["LanesSilent"].endswith(f"> {bounds.silent_after:g}")
    assert query["LanesSlow"].endswith(f">= {bounds.events}")


def test_burn_rates_are_those_of_the_house_as_shipped(alerts: list[Rule]) -> None:
    settings = parse("")
    query = {alert["labels"]["severity"]: alert["query"] for alert in alerts if "Burn" in alert["name"]}
    for window in WINDOWS:
        rate, events = window.rate(settings.sla.period), settings.alerts.events
        terms = [f"mta_lane:lanes_sla_burn:ratio_rate{span(window.long)} > {rate:g}",
                 f"mta_lane:lanes_sla_burn:ratio_rate{span(window.short)} > {rate:g}",
                 f"mta_lane:lanes_sla:increase{span(window.long)} >= {events}"]  # fmt: skip
        assert f"({' and '.join(terms)})" in query[window.severity]
    assert sum(text.count("lanes_sla:increase") for text in query.values()) == len(WINDOWS)


def span(seconds: float) -> str:
    """As PromQL writes it."""
    unit, size = next((unit, size) for unit, size in (("d", 86400), ("h", 3600), ("m", 60)) if seconds % size == 0)
    return f"{seconds / size:g}{unit}"
