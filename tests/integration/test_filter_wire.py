"""What filter and Postfix say to each other: what was agreed, how little is answered, which edits are made."""

from __future__ import annotations

import email
import smtplib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from contrib.sandbox.mail import Client, Mail
from contrib.sandbox.ports import LOOPBACK
from contrib.sandbox.sink import Sink
from contrib.sandbox.site import Site
from contrib.sandbox.tap import CHANGE_HEADER, CONTINUE, HOLD, INSERT_HEADER, MACROS, NEGOTIATE, Packet, Tap
from tests.integration.world import arrived, counted, decision, running_site, told

PLAIN = Mail("a@example.net", ("r@example.com", "s@example.com", "t@example.com"),
             b"From: a@example.net\r\nTo: r@example.com\r\nSubject: s\r\nX-One: 1\r\nX-Two: 2\r\n\r\nHi\r\n")
#: Nobody reads the log here, so that nothing ever makes room.
SETTINGS = "manager.window = 10000\n"
#: We may say who a client is and who has logged in (postconf(5)), and a client outside may send mail.
PARAMETERS = {"smtpd_authorized_xclient_hosts": LOOPBACK, "mynetworks": f"{LOOPBACK}, 192.0.2.0/24"}
#: In any case, in between, folded, and more often than once.
FORGED = Mail("a@example.net", ("r@example.com",), (
    b"X-Lane: priority\r\n"
    b"From: a@example.net\r\n"
    b"x-lane: priority\r\n"
    b"X-SLA-Deadline: yesterday\r\n"
    b"X-Twice: a\r\n"
    b"X-LANE:\r\n priority\r\n"
    b"x-lane-ROUTE: premium\r\n"
    b"X-Twice: b\r\n"
    b"X-Sla-Deadline: 2026-01-01T00:00:00Z\r\n"
    b"X-Lane-Route:premium\r\n"
    b"X-Lanes: not ours\r\n"
    b"Subject: forged\r\n"
    b"X-Lane: priority\r\n"
    b"\r\nX-Lane: in the body\r\n"
))


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running


@pytest.fixture(scope="module")
def site(sink: Sink, request: pytest.FixtureRequest) -> Iterator[Site]:
    with running_site(request, sink, SETTINGS, programs=("milter",), parameters=PARAMETERS) as running:
        yield running


def socket_of(site: Site) -> Path:
    return Path(site.settings.milter.socket.removeprefix("unix:"))


def said(packets: list[Packet]) -> Counter[bytes]:
    return Counter(packet.command for packet in packets)


def sent_by(site: Site, client: str) -> str:
    """The queue id of a one-time code that came from a client, as XCLIENT tells of it."""
    with smtplib.SMTP(LOOPBACK, site.postfix.port) as smtp:
        smtp.docmd("XCLIENT", client)
        smtp.ehlo()
        smtp.mail("ada@example.net")
        smtp.rcpt("r@example.com")
        _, answer = smtp.data("From: ada@example.net\r\nSubject: Your verification code is 123456\r\n\r\nHi\r\n")
        return answer.split()[-1].decode()


def test_only_what_we_use_is_agreed_upon(site: Site) -> None:
    # When the first session comes
    with Tap(socket_of(site)) as tap:
        site.send(PLAIN)
    # Then filter and Postfix agree to leave out all steps and answers that we can do without
    protocol = int.from_bytes(tap.from_filter[0].data[8:12], "big")
    assert (tap.from_filter[0].command, hex(protocol)) == (NEGOTIATE, "0xc7d3")
    # And the filter logs it, once for all sessions
    agreed = told(site, "milter", "negotiated")
    assert [(line["protocol"], line["actions"]) for line in agreed] == [("0xc7d3", "0x31")]


def test_nothing_is_answered_before_the_end_of_a_message(site: Site) -> None:
    # When one session brings two messages of three recipients and five headers
    with Tap(socket_of(site)) as tap, Client(site.postfix.port) as client:
        client.send(PLAIN)
        client.send(PLAIN)
    # Then the filter was told of each recipient and header
    heard = said(tap.from_mta)
    assert heard[b"R"] == 6
    assert heard[b"L"] >= 10
    # With no macro beside a header, which nobody reads
    assert {packet.data for packet in tap.from_mta if packet.command == MACROS and packet.data[:1] == b"L"} == {b"L"}
    # And answered none of it: it says what it wants of the session, and of each message two headers and "go on"
    assert said(tap.from_filter) == {NEGOTIATE: 1, INSERT_HEADER: 4, CONTINUE: 2}


def test_who_sent_it_from_where_is_known_at_the_end(site: Site) -> None:
    # When somebody who has logged in sends a one-time code from outside, and somebody who has not
    login, stranger = (sent_by(site, client) for client in ("ADDR=192.0.2.7 LOGIN=ada@example.net", "ADDR=192.0.2.7"))
    # Then the one is trusted for it, and the other is not
    assert "authenticated: sender trusted" in decision(site, login)["why"]
    assert "sender not trusted" in decision(site, stranger)["why"]
    assert [decision(site, id)["lane"] for id in (login, stranger)] == ["priority", "normal"]


def test_a_message_that_is_held_is_so_by_two_more_packets(site: Site) -> None:
    # When bulk mail comes
    bulk = PLAIN._replace(content=b"List-Unsubscribe: <https://example.net/u>\r\n" + PLAIN.content)
    with Tap(socket_of(site)) as tap:
        id = site.send(bulk)
    # Then it is tagged, says whose hold it is, and is held
    assert said(tap.from_filter) == {NEGOTIATE: 1, INSERT_HEADER: 3, HOLD: 1, CONTINUE: 1}
    assert id in site.postfix.queue("hold")


def test_forged_headers_are_gone_and_all_others_are_as_they_were(site: Site, sink: Sink) -> None:
    # When a message claims lanes, routes and deadlines
    with Tap(socket_of(site)) as tap:
        id = site.send(FORGED)
    # Then each forged copy is removed, and ours are added
    assert said(tap.from_filter) == {NEGOTIATE: 1, CHANGE_HEADER: 8, INSERT_HEADER: 2, CONTINUE: 1}
    # And what arrives is what was sent, in its order, without them, and ours once at the top
    ours = ("x-lane", "x-sla-deadline", "x-lane-route")
    claimed = email.message_from_bytes(FORGED.content).items()
    sent = [(name, value) for name, value in claimed if name.lower() not in ours]
    headers = list(arrived(sink, id).headers)
    start = headers.index(sent[0])
    assert headers[start : start + len(sent)] == sent
    assert [name for name, _ in headers if name.lower() in ours] == ["X-Lane", "X-SLA-Deadline"]
    assert [name for name, _ in headers[:2]] == ["X-Lane", "X-SLA-Deadline"]


def test_a_message_made_of_forged_headers_costs_no_more_than_another(site: Site, sink: Sink) -> None:
    # When a message brings twenty thousand forged headers, which Postfix would each search from the top
    with Tap(socket_of(site)) as tap:
        id = site.send(PLAIN._replace(content=b"X-Lane: priority\r\n" * 20_000 + PLAIN.content))
    # Then the first hundred are removed, and it passes
    assert said(tap.from_filter) == {NEGOTIATE: 1, CHANGE_HEADER: 100, INSERT_HEADER: 2, CONTINUE: 1}
    assert arrived(sink, id).headers[0] == ("X-Lane", "normal")


def test_a_message_without_a_queue_id_passes_with_a_lane(site: Site, sink: Sink) -> None:
    # Given an MTA that tells no macros, and so no queue id
    before = counted(site, "lanes_fail_open_total", reason="no queue id")
    with Tap(socket_of(site), passes=lambda packet: packet.command != MACROS):
        # When mail comes by it, even bulk mail
        bulk = PLAIN._replace(content=b"List-Unsubscribe: <https://example.net/u>\r\n" + PLAIN.content)
        id = site.send(bulk)
    # Then it is tagged and passes, since what nobody can name nobody could release
    assert arrived(sink, id).header("X-Lane") == "bulk"
    assert counted(site, "lanes_fail_open_total", reason="no queue id") == before + 1
    assert decision(site, "")["action"] == "pass"
    assert site.store.records([id]) == {}
