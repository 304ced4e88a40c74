"""What operators order, carried out by the worker on a real Postfix."""

from __future__ import annotations

import json
import re

from contrib.sandbox.mail import Mail, mail
from contrib.sandbox.postfix import Relay
from contrib.sandbox.sink import Sink
from contrib.sandbox.site import Site
from contrib.sandbox.wait import wait_until
from lanes.life import State

SETTINGS = """
[lanes.bulk]
batch = { size = 3, max_wait = "1h", streams = 5 }
[relays.economy]
transport = "economy"
cost = 0.001
preference = "economy"
"""
UNSUBSCRIBE = {"List-Unsubscribe": "<https://example.net/u>"}


def bulk(subject: str, domain: str = "bulk.example", sender: str = "news@example.net") -> Mail:
    return mail(subject, f"reader@{domain}", sender=sender, headers=UNSUBSCRIBE)


def test_held_mail_is_kept_and_released_by_order(site: Site, sink: Sink) -> None:
    # Given a held message that is to stay, and one that is in its batch
    kept, other = site.send(mail("Kept", "r@a.example", headers=UNSUBSCRIBE)), site.send(bulk("Other", "a.example"))
    assert site.lanes("hold", kept, "--why", "legal asked") == "hold: 1 messages\n"
    # When the batch is full
    site.send_all([bulk(f"More {n}", "a.example") for n in range(2)])
    # Then all of it leaves but what is kept
    assert {m.queue_id for m in sink.wait_for(3)} >= {other}
    assert site.views.state_of(kept) == State.KEPT
    # And that leaves by order
    assert site.lanes("release", kept) == "release: 1 messages\n"
    sink.wait_for_subject("Kept")
    # And the audit has who, what and why
    release, hold = json.loads(site.lanes("audit", "--json"))
    assert (hold["what"], hold["why"], hold["messages"], hold["ids"]) == ("hold", "legal asked", 1, [kept])
    assert release["what"] == "release"
    assert release["who"]


def test_mail_that_is_being_retried_can_be_held(site: Site, sink: Sink) -> None:
    # Given a message that Postfix retries
    sink.answer("stuck.example", "451 4.7.1 Later")
    id = site.send(mail("Stuck", "r@stuck.example"))
    wait_until(lambda: site.views.state_of(id) == State.DEFERRED, "the deferral")
    # When it is ordered to be held, and released again
    site.lanes("hold", id)
    assert site.postfix.queue("hold") == [id]
    wait_until(lambda: f"{id}: placed on hold" in site.postfix.log, "Postfix to log it")
    assert site.views.state_of(id) == State.KEPT
    sink.answer("stuck.example", "")
    site.lanes("release", "--sender", "app@example.net")
    # Then it goes on
    wait_until(lambda: site.postfix.queue("hold") == [], "the release")
    assert site.views.state_of(id) in (State.INFLIGHT, State.DEFERRED, "settled")


def test_promoted_economy_mail_takes_the_default_road_under_a_new_id(sink: Sink) -> None:
    with Site(sink.port, SETTINGS, relays={"economy": Relay()}) as site:
        # Given held bulk mail that would leave by the economy relay
        id = site.send(bulk("Hurry"))
        assert site.store.records([id])[id].relay == "economy"
        # When it is promoted
        assert site.lanes("promote", "--domain", "bulk.example", "--dry-run") == "would promote 1 of lane bulk\n"
        assert site.lanes("promote", "--domain", "bulk.example", "--why", "customer waits") == "promote: 1 messages\n"
        # Then it is delivered by the default road, under a new id that is followed
        sink.wait_for_subject("Hurry")
        assert "postfix/economy/smtp" not in site.postfix.log
        wait_until(lambda: site.views.status(0)[1].totals["delivered"] == 1, "it to settle in the lane above")
        new = re.search(rf"(\S+): uid=.* orig_id={id}", site.postfix.log)
        assert new
        assert [site.views.state_of(known) for known in (id, new[1])] == ["", "settled"]
        assert site.store.records([new[1]])[new[1]].evidence[-1].says == "lane normal, not bulk: customer waits"


def test_a_paused_domain_and_lane_wait_until_they_are_resumed(site: Site, sink: Sink) -> None:
    # Given a paused domain and a paused lane
    assert site.lanes("pause", "--domain", "b.example") == "pause: domain b.example\n"
    assert site.lanes("pause", "priority") == "pause: lane priority\n"
    # When a full batch for that domain, one for another, and a one-time code come
    paused = set(site.send_all([bulk(f"Paused {n}", "b.example") for n in range(3)]))
    code = site.send(mail("Your code is 123456", "ann@example.com"))
    site.send_all([bulk(f"Free {n}", "c.example") for n in range(3)])
    # Then only the other domain's batch leaves
    assert all(m.subject.startswith("Free") for m in sink.wait_for(3))
    assert set(site.postfix.queue("hold")) == paused | {code}
    # And the rest when they may go again
    site.lanes("resume", "--domain", "b.example")
    site.lanes("resume", "priority")
    assert {m.queue_id for m in sink.wait_for(7)} >= paused | {code}
