"""What only a Postfix tells of whose hold a message is on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from contrib.sandbox.mail import mail
from contrib.sandbox.sink import Sink
from contrib.sandbox.site import Site
from lanes.mta import choose
from lanes.mta.port import Hold
from tests.contract.mtas import POSTFIX

RELAYS = """
[relays.economy]
transport = "smtp"
cost = 0.001
preference = "economy"
"""


@pytest.fixture
def site() -> Iterator[Site]:
    with Sink() as sink, Site(sink.port, RELAYS, programs=("milter",), parameters=POSTFIX) as running:
        yield running


def held(site: Site) -> str:
    return site.send(mail("News", "r@bulk.example", headers={"List-Unsubscribe": "<https://example.net/u>"}))


def test_held_mail_says_which_road_it_takes(site: Site) -> None:
    id = held(site)
    assert dict(choose.control(site.settings).marks([id]))[id].relay == "economy"


def test_mail_that_was_held_at_once_after_its_release_is_not_ours(site: Site) -> None:
    # Given held mail that is released and held again before it was tried
    id = held(site)
    site.postfix.command("postsuper", "-H", id)
    site.postfix.command("postsuper", "-h", "ALL")
    site.postfix.wait_for_log("Placed on hold: 1 message")
    assert site.postfix.queue("hold") == [id]
    # Then the log's word is enough
    assert dict(choose.control(site.settings).marks([id]))[id].hold is Hold.OTHER
