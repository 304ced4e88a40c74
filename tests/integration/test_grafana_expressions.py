"""Everything that the dashboard asks is asked of a real Prometheus about a real site, and has an answer."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import pytest

from contrib.grafana.dashboard import FILE
from contrib.sandbox.grafana import Board, Question, several
from contrib.sandbox.mail import mail
from contrib.sandbox.ports import LOOPBACK, free_port
from contrib.sandbox.postfix import Relay
from contrib.sandbox.prometheus import PrivatePrometheus, Sample
from contrib.sandbox.sink import Sink
from contrib.sandbox.wait import wait_until
from lanes.services.up import PROGRAMS
from tests.integration.world import UNSUBSCRIBE, running_site

SETTINGS = f"""
web.listen = "{LOOPBACK}:{{port}}"
[lanes.bulk.batch]
size = 5
max_wait = "5m"
[relays.premium]
transport = "premium"
cost = 0.02
[relays.economy]
transport = "economy"
cost = 0.001
[alerts.sinks.log]
kind = "log"
"""
RELAYS = {"premium": Relay(), "economy": Relay()}

#: As Grafana has them when all is chosen, and the range is one of days: long enough for mail that was sent just now.
ALL = {"mta": ".+", "lane": ".+", "__rate_interval": "5m", "__range": "6h"}
SOME = {**ALL, "mta": several(["mx1"]), "lane": several(["bulk", "priority"])}

QUESTIONS = list(Board(FILE).questions())


@pytest.fixture(scope="module")
def prometheus(request: pytest.FixtureRequest) -> Iterator[PrivatePrometheus]:
    """It has scraped a site before and after mail went through all lanes; some is held still."""
    settings = SETTINGS.format(port=free_port())
    with Sink() as sink, running_site(request, sink, settings, RELAYS, programs=(*PROGRAMS, "notifier", "api")) as site:
        targets = {"lanes": [site.settings.web.listen], "lanes-filter": [site.settings.milter.metrics]}
        with PrivatePrometheus(targets) as running:
            wait_until(lambda: running.query("min(up) == 1 and count(up) == 2"), "Prometheus to scrape both", 60)
            wait_until(lambda: running.query("min(count_over_time(lanes_depth[1m])) > 1"), "it to do so again", 60)
            site.send(mail("Your verification code is 123456"))
            site.send(mail("Receipt for your order"))
            site.send_all([mail(f"News {n}", f"reader{n}@ripe.example", headers=UNSUBSCRIBE) for n in range(5)])
            site.send(mail("News", "reader@unripe.example", headers=UNSUBSCRIBE))
            settled = 'min(sum by (lane) (increase(lanes_messages_settled_total{result="delivered"}[5m]))) > 0'
            wait_until(lambda: running.query(settled), "mail of all lanes to be settled, and scraped", 60)
            yield running


def drawable(answer: list[Sample]) -> list[Sample]:
    return [sample for sample in answer if math.isfinite(sample.value)]


@pytest.mark.parametrize("variables", [ALL, SOME], ids=["all", "some"])
@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: str(question.asker))
def test_each_question_has_an_answer(
        prometheus: PrivatePrometheus, question: Question, variables: Mapping[str, str]) -> None:
    # When it is asked
    expression = question.about(variables)
    answer = wait_until(lambda: drawable(prometheus.query(expression)), expression, 30)
    # Then there is an answer that can be drawn, by the labels of its legend
    assert all(question.labels <= set(sample.labels) for sample in answer)


def test_what_can_be_chosen_is_what_there_is(prometheus: PrivatePrometheus) -> None:
    chosen = {question.asker: prometheus.query(question.about(ALL)) for question in QUESTIONS[:2]}
    assert {name: {sample.labels[name] for sample in found} for name, found in chosen.items()} == {
        "mta": {"mx1"}, "lane": {"priority", "normal", "bulk"}}  # fmt: skip


def test_a_variable_that_nobody_has_chosen_is_an_error_that_says_where() -> None:
    with pytest.raises(ValueError, match="'Depth': no variable \\$lane"):
        Question("Depth", 'lanes_depth{lane=~"$lane"}').about({})
