"""Mail through a real Postfix: who passes, who waits, who leaves when."""

from __future__ import annotations

import time

from contrib.sandbox.mail import Mail, mail
from contrib.sandbox.sink import Sink
from contrib.sandbox.site import Site
from contrib.sandbox.wait import wait_until
from lanes.life import State

SETTINGS = """
[lanes.bulk]
sla = "10m"
lead = "30s"
promote_at = "40s"
[lanes.bulk.batch]
max_wait = "4s"
[lanes.bulk.batch.domains."patient.example"]
max_wait = "5m"
"""

UNSUBSCRIBE = {"List-Unsubscribe": "<https://example.net/u>"}


def newsletter(number: int, domain: str = "bulk.example", **headers: str) -> Mail:
    return mail(f"News {number}", f"reader{number}@{domain}", headers={**UNSUBSCRIBE, **headers})


def test_urgent_mail_passes_while_bulk_is_held(site: Site, sink: Sink) -> None:
    # Given bulk mail that is not ripe
    held = site.send_all([newsletter(n) for n in range(20)])
    # When a one-time code is sent
    sent = time.time()
    site.send(mail("Your verification code is 123456"))
    # Then it is delivered, tagged, and the bulk is on hold in Postfix and in Redis
    code = sink.wait_for_subject("Your verification code is 123456")
    assert code.at - sent < 3.5
    assert code.header("X-Lane") == "priority"
    assert set(site.postfix.queue("hold")) == set(held)
    assert site.views.status(time.time())[2].states[State.HELD] == 20


def test_a_hundred_leave_together_and_ninety_nine_do_not(site: Site, sink: Sink) -> None:
    # Given one domain with a batch and one with a message less
    full = site.send_all([newsletter(n, "full.example") for n in range(100)])
    site.send_all([newsletter(n, "almost.example") for n in range(99)])
    # Then the batch leaves, and the other domain waits
    arrived = sink.wait_for(100)
    assert {message.queue_id for message in arrived} == set(full)
    assert len(site.postfix.queue("hold")) == 99
    # And the oldest's wait releases the rest
    assert len(sink.wait_for(199, timeout=15)) == 199


def test_a_nearing_deadline_releases_early_and_takes_its_domain_along(site: Site, sink: Sink) -> None:
    # Given two messages for a domain, one with a deadline that is nearly there
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 31))
    sent = time.time()
    site.send(newsletter(1))
    site.send(newsletter(2, **{"X-SLA-Deadline": soon}))
    # Then both leave before the batch's wait is over
    arrived = sink.wait_for(2)
    assert max(message.at for message in arrived) - sent < 4


def test_forged_lane_headers_are_replaced_by_ours(site: Site, sink: Sink) -> None:
    # Given a message that claims a lane and a route, twice
    forged = b"X-Lane: priority\r\nX-Lane: priority\r\nx-lane-route: premium\r\nX-SLA-Deadline: junk\r\n"
    content = forged + b"From: a@b.example\r\nSubject: forged\r\nList-Unsubscribe: <https://x.example>\r\n\r\nHi\r\n"
    site.send(Mail("a@b.example", ("r@bulk.example",), content))
    # Then only our own come out
    message = sink.wait_for_subject("forged", timeout=15)
    lanes = [value for name, value in message.headers if name.lower() == "x-lane"]
    assert lanes == ["bulk"]
    assert message.header("X-Lane-Route") == ""
    assert [n for n, _ in message.headers].count("X-SLA-Deadline") == 1
    assert message.header("X-SLA-Deadline").endswith("Z")


def test_two_recipients_in_two_domains_leave_as_one_message(site: Site, sink: Sink) -> None:
    # Given one newsletter for two domains
    id = site.send(mail("Both", ("a@one.example", "b@two.example"), headers=UNSUBSCRIBE))
    # Then both get it once, and it settles once
    arrived = sink.wait_for_subject("Both", timeout=15)
    assert sorted(arrived.recipients) == ["a@one.example", "b@two.example"]
    wait_until(lambda: site.views.state_of(id) == "settled", "the message to settle")
    assert site.views.status(time.time())[2].totals["delivered"] == 1


def test_mail_held_by_an_administrator_is_never_released(site: Site, sink: Sink) -> None:
    # Given a message that is stuck, and put on hold by hand
    sink.answer("stuck.example", "451 4.7.1 Later")
    id = site.send(mail("Stuck", "r@stuck.example"))
    wait_until(lambda: site.views.state_of(id) == State.DEFERRED, "the deferral to be seen")
    site.postfix.command("postsuper", "-h", id)
    wait_until(lambda: site.views.state_of(id) == State.WITHHELD, "the hold to be seen")
    sink.answer("stuck.example", "")
    # When our own bulk mail is released around it
    site.send_all([newsletter(n, "stuck.example") for n in range(100)])
    sink.wait_for(100)
    # And somebody asks for its release by us
    site.lanes("release", id)
    # Then it is still on hold
    assert site.postfix.queue("hold") == [id]
    # And is ours to watch again when it is released by hand
    site.postfix.command("postsuper", "-H", id)
    site.postfix.command("postqueue", "-i", id)
    sink.wait_for_subject("Stuck")
    wait_until(lambda: site.views.state_of(id) == "settled", "the message to settle")


def test_a_held_message_is_released_by_hand(site: Site, sink: Sink) -> None:
    ids = site.send_all([newsletter(n, "patient.example") for n in range(3)])
    assert site.lanes("release", ids[1], "--dry-run") == "would release 1 of lane bulk\n"
    assert site.lanes("release", ids[1]) == "release: 1 messages\n"
    assert [message.queue_id for message in sink.wait_for(1)] == [ids[1]]
