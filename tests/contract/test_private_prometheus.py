"""The private Prometheus that other tests stand on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Gauge, start_http_server

from contrib.sandbox.ports import LOOPBACK, free_port
from contrib.sandbox.prometheus import PrivatePrometheus, Sample
from contrib.sandbox.wait import wait_until

RULES = """
groups:
- name: pond
  rules:
  - record: colour:pond_ducks:sum
    expr: sum without (job, instance) (pond_ducks)
  - alert: ManyDucks
    expr: pond_ducks > 2
"""


@pytest.fixture
def pond() -> Iterator[str]:
    """The address of something that exposes ``pond_ducks``."""
    registry, port = CollectorRegistry(), free_port()
    Gauge("pond_ducks", "Ducks on the pond.", ["colour"], registry=registry).labels("brown").set(3)
    server, _ = start_http_server(port, LOOPBACK, registry)
    yield f"{LOOPBACK}:{port}"
    server.shutdown()
    server.server_close()


def test_it_scrapes_what_it_is_told_to_and_evaluates_rules(pond: str, tmp_path: Path) -> None:
    # Given something to scrape, and rules
    rules = tmp_path / "rules.yml"
    rules.write_text(RULES)
    with PrivatePrometheus({"pond": [pond]}, [rules], every=0.5) as prometheus:
        # When it has scraped and evaluated
        found = wait_until(lambda: prometheus.query("colour:pond_ducks:sum"), "the recording rule", 60)
        alerts = wait_until(lambda: prometheus.query("ALERTS{alertstate='firing'}"), "the alerting rule", 60)
        # Then it has the values
        assert found == [Sample({"__name__": "colour:pond_ducks:sum", "colour": "brown"}, 3.0)]
        assert alerts[0].labels["alertname"] == "ManyDucks"
        assert prometheus.query("scalar(up{job='pond'})") == [Sample({}, 1.0)]
        assert [(rule["name"], rule["health"]) for rule in prometheus.rules()] == [
            ("colour:pond_ducks:sum", "ok"), ("ManyDucks", "ok")]  # fmt: skip


def test_what_is_no_expression_is_an_error_that_says_why() -> None:
    with PrivatePrometheus({}) as prometheus, pytest.raises(ValueError, match="unclosed left parenthesis"):
        prometheus.query("sum(")
