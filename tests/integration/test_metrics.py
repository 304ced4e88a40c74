"""What a running site exposes is what the table says, promtool finds nothing wrong with it, and Prometheus uses it."""

from __future__ import annotations

import math
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.parser import text_string_to_metric_families

from contrib.sandbox.mail import mail
from contrib.sandbox.ports import LOOPBACK, free_port
from contrib.sandbox.postfix import Relay
from contrib.sandbox.prometheus import PrivatePrometheus
from contrib.sandbox.sink import Sink
from contrib.sandbox.site import Site
from contrib.sandbox.wait import wait_until
from lanes.metrics.metric import Source
from lanes.metrics.table import METRICS, TABLE
from lanes.services.up import PROGRAMS
from tests.integration.world import UNSUBSCRIBE, running_site

RULES = [Path(__file__).parents[2] / "contrib" / "prometheus" / f"{kind}.yml" for kind in ("recording", "alerting")]

RELAY = '[relays.premium]\ntransport = "premium"\nnexthop = "[127.0.0.1]"\ncost = 0.02\n'


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    """A site through which urgent mail has gone, and that holds a newsletter."""
    settings = f'web.listen = "{LOOPBACK}:{free_port()}"\n[alerts.sinks.log]\nkind = "log"\n{RELAY}'
    programs, relays = (*PROGRAMS, "notifier", "api"), {"premium": Relay()}
    with Sink() as sink, running_site(request, sink, settings, relays, programs=programs) as site:
        site.send(mail("Your verification code is 123456"))
        site.send(mail("News", headers=UNSUBSCRIBE))
        sink.wait_for_subject("Your verification code is 123456")
        wait_until(lambda: value(site, "lanes_relay_deliveries_total", result="sent"), "it to be settled")
        yield site


def address(site: Site, source: Source) -> str:
    return site.settings.web.listen if source == "house" else site.settings.milter.metrics


def exposed(site: Site, source: Source) -> str:
    with urllib.request.urlopen(f"http://{address(site, source)}/metrics", timeout=10) as answer:
        return str(answer.read().decode())


def families(site: Site, source: Source) -> dict[str, Family]:
    """By their names in the table: the parser leaves ``_total`` out."""
    found = text_string_to_metric_families(exposed(site, source))
    return {f"{one.name}_total" if one.type == "counter" else one.name: one for one in found}


def value(site: Site, name: str, **labels: str) -> float:
    return sum(sample.value for family in families(site, "house").values() for sample in family.samples
               if sample.name == name and labels.items() <= sample.labels.items())


@pytest.mark.parametrize("source", ["house", "filter"])
def test_what_is_exposed_is_what_the_table_says(site: Site, source: Source) -> None:
    found = families(site, source)
    described = [metric for group in TABLE if group.source == source for metric in group.metrics]
    assert set(found) == {metric.name for metric in described}
    for metric in described:
        family = found[metric.name]
        assert (family.type, family.documentation) == (metric.kind, metric.help)
        labels = [sample.labels for sample in family.samples]
        assert {frozenset(one) - {"le"} for one in labels} == {frozenset(metric.label_names)}, metric.name
        for label, values in metric.labels.items():
            assert not values or {one[label] for one in labels} <= set(values), metric.name
        assert {one["mta"] for one in labels} == {"mx1"}


@pytest.mark.parametrize("source", ["house", "filter"])
def test_promtool_finds_nothing_wrong_with_it(site: Site, source: Source) -> None:
    checked = subprocess.run(["promtool", "check", "metrics"], input=exposed(site, source), capture_output=True,
                             check=False, text=True)  # fmt: skip
    assert (checked.returncode, checked.stderr, checked.stdout) == (0, "", "")


def test_every_series_of_the_filter_is_there_before_it_is_needed(site: Site) -> None:
    found = families(site, "filter")
    for name in ("lanes_verdicts_total", "lanes_fail_open_total", "lanes_reloads_total"):
        (values,) = METRICS[name].labels.values()
        assert len(found[name].samples) == len(values)


def test_the_filter_and_the_house_agree_about_the_mail(site: Site) -> None:
    verdicts = families(site, "filter")["lanes_verdicts_total"].samples
    assert {one.labels["verdict"]: one.value for one in verdicts} == {"pass": 1, "hold": 1, "defer": 0, "watch": 0}
    assert value(site, "lanes_messages_accepted_total") == 2
    assert value(site, "lanes_depth", lane="bulk", state="held") == 1
    assert value(site, "lanes_queue_seconds_count", lane="priority") == 1
    # And about the road that it took
    sent = value(site, "lanes_relay_deliveries_total", relay="premium", result="sent")
    assert (sent, value(site, "lanes_relay_up", relay="premium")) == (1, 1)
    assert value(site, "lanes_cost_total", lane="priority", relay="premium") == 0.02


def test_prometheus_scrapes_both_and_evaluates_every_rule(site: Site) -> None:
    # Given a Prometheus with the rules that are shipped
    targets = {"lanes": [address(site, "house")], "lanes-filter": [address(site, "filter")]}
    with PrivatePrometheus(targets, RULES) as prometheus:
        recorded = {rule["name"] for rule in prometheus.rules() if rule["type"] == "recording"}
        # When it has scraped the site twice
        wait_until(lambda: all(map(prometheus.query, recorded)), "every rule to have recorded something", 60)
        # Then it has evaluated all rules, and all is well
        assert [rule["lastError"] for rule in prometheus.rules() if rule["health"] != "ok"] == []
        assert [sample.value for sample in prometheus.query("up")] == [1, 1]
        assert [sample.labels for sample in prometheus.query('ALERTS{alertstate="firing"}')] == []
        # And what was recorded is what was exposed
        depth = prometheus.query('mta_lane:lanes_depth:sum{lane="bulk"}')
        assert [(one.labels["mta"], one.value) for one in depth] == [("mx1", 1)]
        sla = prometheus.query('max without (instance) (lanes_lane_sla_seconds{lane="priority"})')
        assert [sample.value for sample in sla] == [300]
        burning = prometheus.query("mta_lane:lanes_sla_burn:ratio_rate1h > 0")
        assert [sample.value for sample in burning if not math.isnan(sample.value)] == []
