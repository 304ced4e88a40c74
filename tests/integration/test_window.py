"""The window sets itself on a real Postfix: wide for a fast world, narrow for a slow one, and urgent mail passes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from contrib.sandbox.mail import Mail, mail
from contrib.sandbox.sink import Sink
from contrib.sandbox.site import Site
from contrib.sandbox.wait import wait_until
from tests.integration.world import UNSUBSCRIBE, running_site

#: As shipped, but quicker to see that mail stands. Bulk leaves at once, ten connections take it.
SETTINGS = """
[manager]
window_min = 5
window_interval = "2s"
[lanes.bulk.batch]
size = 1
streams = 1000
"""
#: So many would stand for two seconds in front of ten connections that take half a second each.
WIDE = 50
PARAMETERS = {"smtp_destination_concurrency_limit": "10", "smtp_initial_destination_concurrency": "10"}


@pytest.fixture
def site(sink: Sink, request: pytest.FixtureRequest) -> Iterator[Site]:
    with running_site(request, sink, SETTINGS, parameters=PARAMETERS) as running:
        yield running


def news(count: int) -> list[Mail]:
    return [mail(f"News {n}", f"reader{n}@bulk.example", headers=UNSUBSCRIBE) for n in range(count)]


def window(site: Site) -> dict[str, Any]:
    told: dict[str, dict[str, Any]] = json.loads(site.lanes("status", "--json"))
    return told["window"]


def test_the_window_opens_for_a_fast_world_and_closes_for_a_slow_one(site: Site, sink: Sink) -> None:
    # Given a world that takes mail at once, Then the window opens far beyond what ten connections take
    wait_until(lambda: bool(site.send_all(news(400))) and window(site)["size"] > WIDE, "the window to open", 60)
    # When the world gets slow, and bulk comes without end
    sink.slow(0.5)
    site.send_all(news(1500))
    # Then the window closes towards what the world takes, and says why
    wait_until(lambda: window(site)["phase"].startswith("closes"), "the window to close", 30, every=0.2)
    wait_until(lambda: window(site)["size"] <= 30, "the window to be narrow", 30, every=0.2)
    # And urgent mail on the same road does not wait for the bulk that is left
    site.send(mail("Your verification code is 123456"))
    sink.wait_for_subject("Your verification code is 123456", timeout=20)
    assert site.postfix.queue("hold")
