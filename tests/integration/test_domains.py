"""A recipient domain that defers: it backs off as a whole, is probed with one message, and is seen to."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec import to_builtins

from contrib.sandbox.mail import Mail, mail
from contrib.sandbox.sink import Sink
from contrib.sandbox.site import Site
from contrib.sandbox.wait import wait_until
from lanes.answers.domains import domain as answer
from lanes.life import State
from lanes.message import NO_DOMAIN
from lanes.store.domains import Domains
from tests.integration.world import UNSUBSCRIBE, running_site

SETTINGS = """
[domains]
backoff = "3s"
backoff_max = "6s"
[lanes.bulk.batch]
size = 5
streams = 1
"""


@pytest.fixture
def site(sink: Sink, request: pytest.FixtureRequest) -> Iterator[Site]:
    with running_site(request, sink, SETTINGS) as running:
        yield running


def news(count: int, domain: str) -> list[Mail]:
    return [mail(f"News {n}", f"reader{n}@{domain}", headers=UNSUBSCRIBE) for n in range(count)]


def domain(site: Site, name: str) -> dict[str, Any]:
    """What is told of a domain."""
    store, now = site.store, time.time()
    rows = Domains(store.client, store.keys, site.settings).rows(["bulk"], 50, now)
    return next((to_builtins(answer(row, now)) for row in rows if row.seen.name == name), {})


def test_a_domain_that_greylists_is_probed_before_its_batch_goes_on(site: Site, sink: Sink) -> None:
    # Given a domain that has mail deferred, one that takes it, and batches for both
    sink.answer("grey.example", "451 4.7.1 Greylisted, come again")
    grey = site.send_all(news(20, "grey.example"))
    site.send_all(news(20, "good.example"))
    # Then all for the good one leaves, and for the other the first batch and then one probe after the other
    sink.wait_for(20)
    wait_until(lambda: domain(site, "grey.example").get("failures", 0) >= 3, "two probes", 60, every=0.2)
    seen, good = domain(site, "grey.example"), domain(site, "good.example")
    assert seen["batch"] == 1
    assert seen["held"] <= 20 - 5 - 2
    assert (good["failures"], good["batch"], good["streams"], good["good_hours"]) == (0, 5, 1, list(range(24)))
    # And it is said to programs and to people
    told = {one["domain"]: one["batch"] for one in json.loads(site.lanes("ls", "--domains", "--json"))}
    assert told == {"grey.example": 1, "good.example": 5}
    wait_until(lambda: "backs off for" in site.lanes("ls", "--domains", "--lane", "bulk"), "the backoff to be told", 60)
    # When it takes mail again
    sink.answer("grey.example", "")
    # Then a probe opens it, and all that is held goes on; what was deferred has its lane's own turn
    wait_until(lambda: not domain(site, "grey.example")["held"], "all that is held to go", 60, every=0.2)
    wait_until(lambda: {site.views.state_of(id) for id in grey} == {"settled", State.DEFERRED}, "deliveries", 30)
    deferred = [id for id in grey if site.views.state_of(id) == State.DEFERRED]
    probes = len(deferred) - 5
    assert 2 <= probes < 15
    assert sum(message.queue_id in grey for message in sink.messages) == 20 - len(deferred)


def test_mail_to_an_address_without_a_domain_is_batched_too(site: Site, sink: Sink) -> None:
    # Given four newsletters to nobody's domain
    ids = [site.send(one._replace(recipients=("postmaster",))) for one in news(4, "unused.example")]
    assert domain(site, NO_DOMAIN)["held"] == 4
    # When a fifth makes a batch of them
    ids.append(site.send(news(1, "unused.example")[0]._replace(recipients=("postmaster",))))
    # Then they leave together
    assert {message.queue_id for message in sink.wait_for(5)} == set(ids)
