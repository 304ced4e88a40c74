"""Two relays on a real Postfix, one of which goes down and comes back: mail takes the other, and then returns."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from contrib.sandbox.mail import mail
from contrib.sandbox.postfix import Relay
from contrib.sandbox.sink import Received, Sink
from contrib.sandbox.site import Site
from contrib.sandbox.wait import wait_until
from tests.integration.world import UNSUBSCRIBE, decision, running_site

#: As shipped, but in seconds. Mail on a relay that is down is tried again every second.
SETTINGS = """
[lanes.normal]
hold = "never"
preference = "economy"
retry = { initial = "1s", factor = 1.0, max = "1s" }
[lanes.bulk]
sla = "10m"
batch = { size = 1, max_wait = "1s", streams = 5 }
lead = "30s"
promote_at = "40s"
[relays.premium]
transport = "premium"
nexthop = "[127.0.0.1]"
cost = 0.02
[relays.economy]
transport = "economy"
nexthop = "[127.0.0.1]"
cost = 0.001
[roads]
failures = 3
backoff = "1s"
backoff_max = "2s"
[budgets.letters]
sender = "letters@example.net"
amount = 0.02
"""
#: Postfix tries deferred mail, and destinations that it believes dead, as soon as it is asked to.
PARAMETERS = {"minimal_backoff_time": "1s", "queue_run_delay": "1s"}


@pytest.fixture
def cheap() -> Iterator[Sink]:
    """Where the economy relay leads; the premium one leads to the sink."""
    with Sink() as running:
        yield running


@pytest.fixture
def site(sink: Sink, cheap: Sink, request: pytest.FixtureRequest) -> Iterator[Site]:
    relays = {"premium": Relay(), "economy": Relay(cheap.port)}
    with running_site(request, sink, SETTINGS, relays, parameters=PARAMETERS) as running:
        yield running


def relays(site: Site) -> dict[str, dict[str, Any]]:
    return {one["relay"]: one for one in json.loads(site.lanes("relays", "--json"))["relays"]}


def choices(site: Site) -> dict[str, str]:
    return {one["preference"]: one["relay"] for one in json.loads(site.lanes("relays", "--json"))["choices"]}


def reached(sink: Sink, subject: str) -> Received:
    return sink.wait_for_subject(subject, timeout=30)


def test_mail_leaves_a_relay_that_is_down_and_returns_when_it_is_back(site: Site, sink: Sink, cheap: Sink) -> None:
    # Given mail that takes the cheapest relay
    site.send(mail("Before"))
    reached(cheap, "Before")
    wait_until(lambda: relays(site)["economy"]["sent"], "the tracker to know the relay", 20)
    assert choices(site) == {"speed": "premium", "balanced": "economy", "economy": "economy"}
    # When that goes down, and as much mail meets it as it takes to believe that
    cheap.go_down()
    for number in range(3):
        site.send(mail(f"Lost {number}"))
    down = wait_until(lambda: relays(site)["economy"]["down_since"] and relays(site)["economy"], "it to be down", 30)
    assert down["breaker"] in ("open", "half-open")
    assert down["error"].startswith("4.4.1 ")
    # Then mail takes the other one, and says why
    sent: list[str] = []

    def by_premium() -> bool:
        sent.append(site.send(mail(f"Meanwhile {len(sent)}")))
        return any(message.subject.startswith("Meanwhile") for message in sink.messages)

    wait_until(by_premium, "mail to take the other relay", 30, every=0.2)
    said = [decision(site, id)["why"] for id in sent if decision(site, id)["relay"] == "premium"]
    assert "relay premium: the cheapest" in said[-1]
    # When it is back
    cheap.come_back()

    def by_economy() -> bool:
        subject = f"Afterwards {len(sent)}"
        sent.append(site.send(mail(subject)))
        is_cheap = decision(site, sent[-1])["relay"] == "economy"
        return is_cheap and bool(relays(site)["economy"]["breaker"] == "closed")

    # Then it is probed, found well, and has its mail again
    wait_until(by_economy, "mail to return", 60, every=0.2)
    assert relays(site)["economy"]["down_since"] is None
    # And nothing is lost
    subjects = {f"Lost {number}" for number in range(3)}
    wait_until(lambda: subjects <= {m.subject for m in (*sink.messages, *cheap.messages)}, "what was lost", 60)


def test_what_is_delivered_is_paid_for_and_budgets_move_mail_to_the_cheap_road(
    site: Site, sink: Sink, cheap: Sink
) -> None:
    # Given urgent mail of a sender with a budget for one message by the dear relay; one in ten may try the other
    numbers = count(1)

    def urgent() -> str:
        return site.send(mail(f"Your verification code is {next(numbers)}", sender="letters@example.net"))

    wait_until(lambda: decision(site, urgent())["relay"] == "premium", "mail to take the dear road", 20)
    # When it is used up
    wait_until(lambda: costs(site)["budgets"][0]["over"], "the budget to be used up", 20)

    def over() -> dict[str, Any]:
        told = decision(site, urgent())
        return told if "budget: " in told["why"] else {}

    # Then its mail takes the cheap one, and the decision says so
    said = wait_until(over, "mail to take the cheap road", 20, every=0.3)
    assert (said["lane"], said["relay"]) == ("priority", "economy")
    assert "budget: economy, not speed" in said["why"]
    # And the books have it all: what was spent by whom, and what was saved
    site.send(mail("News", "reader@bulk.example", headers=UNSUBSCRIBE))
    reached(cheap, "News")
    total = next(numbers)
    wait_until(lambda: costs(site)["total"]["messages"] == total, "all of it to be booked", 20)
    books = costs(site)
    by_relay = {row["name"]: row for row in books["rows"]}
    assert by_relay["premium"]["cost"] == pytest.approx(0.02 * len(sink.messages))
    assert by_relay["economy"]["cost"] == pytest.approx(0.001 * len(cheap.messages))
    assert books["total"]["premium"] == pytest.approx(0.02 * total)
    assert books["total"]["saved"] == pytest.approx(0.019 * len(cheap.messages))
    assert {row["name"] for row in costs(site, "--by", "sender")["rows"]} >= {"letters@example.net"}
    lanes = {row["name"]: row["messages"] for row in costs(site, "--by", "lane")["rows"]}
    assert lanes == {"priority": total - 1, "bulk": 1}
    # And people can read it
    table = site.lanes("cost", "--since", "1d")
    assert all(word in table for word in ("premium", "economy", "total", "letters", "used up"))
    assert site.lanes("cost", "--csv").splitlines()[0] == "name,cost,messages,premium,saved"
    assert "premium" in site.lanes("relays")


def costs(site: Site, *arguments: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(site.lanes("cost", "--json", *arguments))
    return told
