"""The table of metrics keeps Prometheus' conventions, and docs/metrics.md says what it says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from lanes.metrics.metric import Metric
from lanes.metrics.table import METRICS, TABLE
from lanes.metrics.told import Told

DOCS = Path(__file__).parents[3] / "docs"
ALL = [metric for group in TABLE for metric in group.metrics]


def test_the_reference_is_the_table() -> None:
    printed = subprocess.run([sys.executable, "-m", "lanes.metrics"], check=True, capture_output=True, text=True).stdout
    assert (DOCS / "metrics.md").read_text("utf-8") == printed, "run: python -m lanes.metrics > docs/metrics.md"


def test_no_name_is_used_twice() -> None:
    assert len(METRICS) == len(ALL)


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.name)
def test_a_name_has_the_prefix_a_base_unit_and_total_if_it_counts(metric: Metric) -> None:
    assert re.fullmatch(r"lanes(_[a-z]+)+", metric.name)
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    assert not metric.name.endswith(("_count", "_sum", "_bucket", "_ms", "_minutes", "_hours", "_days", "_percent"))
    assert metric.kind != "histogram" or metric.name.endswith("_seconds")


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.name)
def test_it_is_said_in_a_sentence_what_it_is_and_in_a_few_what_to_do_with_it(metric: Metric) -> None:
    assert re.fullmatch(r"[A-Z][^.]*\.", metric.help)
    assert re.fullmatch(r"[A-Z`].+\.", metric.note)


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.name)
def test_labels_have_few_values(metric: Metric) -> None:
    assert set(metric.labels).isdisjoint({"sender", "recipient", "domain", "id", "mta", "le", "job", "instance"})
    assert all(len(values) < 20 for values in metric.labels.values())


@pytest.mark.parametrize(
    ("name", "labels"), [("lanes_nosuch", {}), ("lanes_depth", {"lane": "bulk"})], ids=["metric", "label"]
)
def test_what_is_not_in_the_table_cannot_be_told(name: str, labels: dict[str, str]) -> None:
    with pytest.raises(KeyError):
        Told("mx1").say(name, 1, **labels)


def test_what_links_to_a_metric_finds_it() -> None:
    pages = [page.read_text("utf-8") for page in DOCS.glob("*.md")]
    assert {anchor for page in pages for anchor in re.findall(r"metrics\.md#(\w+)", page)} <= set(METRICS)
