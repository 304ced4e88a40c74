"""Lanes that are faster than the MTA: deferred mail is tried again by its lane's own schedule."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import pytest

from contrib.sandbox.mail import mail
from contrib.sandbox.sink import Sink
from contrib.sandbox.site import Site
from contrib.sandbox.wait import wait_until
from lanes.life import State
from tests.integration.world import UNSUBSCRIBE, arrived, running_site, told

#: Priority every two seconds, normal mail after one, two, four seconds, bulk as shipped: every 15 minutes.
SETTINGS = """
[lanes.priority]
retry = { every = "2s" }
[lanes.normal]
retry = { initial = "1s", factor = 2.0, max = "4s" }
[lanes.bulk]
batch = { size = 1, max_wait = "1h", streams = 5 }
"""
LATER = "451 4.2.0 Greylisted, come again"
#: The MTA itself would not try again for an hour.
PARAMETERS = {"minimal_backoff_time": "1h", "maximal_backoff_time": "1h"}
CODE = "Your verification code is 123456"


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running


@pytest.fixture(scope="module")
def site(sink: Sink, request: pytest.FixtureRequest) -> Iterator[Site]:
    with running_site(request, sink, SETTINGS, parameters=PARAMETERS) as running:
        yield running


def deferred(site: Site, id: str, times: int = 1) -> None:
    """Wait until a message was deferred so often."""
    wait_until(lambda: site.store.progress([id])[id].tries.count >= times, f"{times} tries of {id}", 30)


def test_greylisted_urgent_mail_is_delivered_by_its_lanes_schedule(site: Site, sink: Sink) -> None:
    # Given a one-time code to a domain that greylists, and bulk to it
    sink.answer("grey.example", LATER)
    code = site.send(mail(CODE, "ann@grey.example"))
    bulk = site.send(mail("News", "ann@grey.example", headers=UNSUBSCRIBE))
    deferred(site, bulk)
    # When it has been tried more than once, and the domain takes mail then
    deferred(site, code, times=3)
    sink.answer("grey.example", "")
    # Then it arrives, though the MTA has not tried it by itself
    assert arrived(sink, code).subject == CODE
    # And bulk has not been tried again
    assert site.store.progress([bulk])[bulk].tries.count == 1
    assert site.views.state_of(bulk) == State.DEFERRED


def test_the_pauses_of_normal_mail_grow(site: Site, sink: Sink) -> None:
    sink.answer("slow.example", LATER)
    id = site.send(mail("Receipt", "ann@slow.example"))
    deferred(site, id, times=4)
    # Postfix tells two digits: below ten seconds, tenths
    ends = [float(end) for end in re.findall(rf"{id}: to=<ann@slow.example>.* delay=([\d.]+)", site.postfix.log)]
    pauses = [later - earlier for earlier, later in pairwise(ends) if later < 10]
    assert len(pauses) >= 2
    assert all(pause >= least - 0.1 for pause, least in zip(pauses, (1, 2, 4), strict=False))
    sink.answer("slow.example", "")
    arrived(sink, id)


def test_mail_that_is_promoted_is_tried_by_its_new_lanes_schedule(site: Site, sink: Sink) -> None:
    # Given deferred bulk, whose turn is in a quarter of an hour
    sink.answer("up.example", LATER)
    id = site.send(mail("News", "ann@up.example", headers=UNSUBSCRIBE))
    deferred(site, id)
    wait_until(lambda: site.store.client.zscore(site.store.keys.retry("bulk"), id), "a next attempt")
    sink.answer("up.example", "")
    # When it is promoted
    site.lanes("promote", id)
    # Then it is tried, and arrives
    arrived(sink, id)
    assert len(told(site, "worker", "retry")) > 0
