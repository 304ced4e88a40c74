"""What filter and Sendmail say to each other, and what becomes of whatever mail comes."""

from __future__ import annotations

import email
from collections import Counter
from collections.abc import Iterator

import pytest

from contrib.sandbox.mail import Client, Mail, mail
from contrib.sandbox.sendmail import PrivateSendmail
from contrib.sandbox.sink import Sink
from contrib.sandbox.site import Site
from contrib.sandbox.tap import CHANGE_HEADER, CONTINUE, HOLD, INSERT_HEADER, NEGOTIATE, Packet, Tap
from tests.integration.test_filter import ODD, lanes_of
from tests.integration.test_filter_wire import FORGED, PLAIN, said, socket_of
from tests.integration.world import arrived, decision, running_site, told

#: Nobody reads the log here, so that nothing ever makes room.
SETTINGS = "manager.window = 10000\n"
#: What Sendmail takes: neither headers of more than 32 KiB nor lines that end otherwise than in CRLF.
TAKEN = {name: odd for name, odd in ODD.items() if not name.startswith(("bare", "10,000 headers", "a header of 1"))}


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running


@pytest.fixture(scope="module")
def site(sink: Sink, request: pytest.FixtureRequest) -> Iterator[Site]:
    with running_site(request, sink, SETTINGS, server=PrivateSendmail, programs=("milter", "worker")) as running:
        yield running


@pytest.fixture
def tap(site: Site) -> Iterator[Tap]:
    with Tap(socket_of(site)) as listening:
        yield listening


def agreed(tap: Tap) -> list[Packet]:
    return [packet for packet in tap.from_filter if packet.command == NEGOTIATE]


def test_only_what_we_use_is_agreed_upon(site: Site, tap: Tap) -> None:
    # When a session brings a message of three recipients
    site.send(PLAIN)
    # Then filter and Sendmail agree to leave out all steps and answers that we can do without
    protocols = {hex(int.from_bytes(packet.data[8:12], "big")) for packet in agreed(tap)}
    assert protocols == {"0xc7d3"}
    # And the filter answers nothing but two headers and "go on"
    assert said(tap.from_filter) == Counter({NEGOTIATE: 1, INSERT_HEADER: 2, CONTINUE: 1})


def test_what_we_asked_for_is_told_at_the_end(site: Site, tap: Tap) -> None:
    # When a message comes
    id = site.send(PLAIN)
    # Then Sendmail tells its id, the client, and that nobody holds it; nobody has logged in
    macros = [packet.data for packet in tap.from_mta if packet.command == b"D" and packet.data[:1] == b"E"]
    assert macros == [b"Ei\0" + id.encode() + b"\0{client_addr}\x00127.0.0.1\0{quarantine}\0\0"]


def test_a_message_that_is_held_is_so_by_two_more_packets(site: Site, tap: Tap) -> None:
    # When bulk mail comes
    id = site.send(PLAIN._replace(content=b"List-Unsubscribe: <https://example.net/u>\r\n" + PLAIN.content))
    # Then it is tagged, says whose hold it is, and is held, for a reason that says so, too
    assert said(tap.from_filter) == Counter({NEGOTIATE: 1, INSERT_HEADER: 3, HOLD: 1, CONTINUE: 1})
    assert [packet.data for packet in tap.from_filter if packet.command == HOLD] == [b"mta-lanes mx1 lane bulk\0"]
    assert id in site.mta.queue("hold")


def test_forged_headers_are_gone_and_all_others_are_as_they_were(site: Site, sink: Sink, tap: Tap) -> None:
    # When a message claims lanes, routes and deadlines
    id = site.send(FORGED)
    # Then each forged copy is removed, and ours are added
    assert said(tap.from_filter) == Counter({NEGOTIATE: 1, CHANGE_HEADER: 8, INSERT_HEADER: 2, CONTINUE: 1})
    # And what arrives has ours at the top, once, and the others in their order
    headers = list(arrived(sink, id).headers)
    ours = ("x-lane", "x-sla-deadline", "x-lane-route")
    assert [name for name, _ in headers if name.lower() in ours] == ["X-Lane", "X-SLA-Deadline"]
    assert [name for name, _ in headers[:3]] == ["X-Lane", "X-SLA-Deadline", "Received"]
    claimed = email.message_from_bytes(FORGED.content).keys()
    others = [name for name in claimed if name.startswith(("X-T", "X-Lanes"))]
    assert [name for name, _ in headers if name in others] == others


@pytest.mark.parametrize("odd", TAKEN.values(), ids=TAKEN.keys())
def test_odd_mail_is_tagged_once_and_delivered(site: Site, sink: Sink, odd: Mail) -> None:
    # When the message is sent
    id = site.send(odd)
    # Then it comes out in the default lane, whatever it claims, and that is what Redis remembers
    assert lanes_of(arrived(sink, id)) == ["normal"]
    assert site.store.records([id])[id].lane == "normal"
    assert not told(site, "milter", "a callback failed; the message passes")


def test_a_deadline_in_the_envelope_is_heeded(site: Site, sink: Sink) -> None:
    # When a trusted client asks for delivery within four minutes (RFC 2852), as Sendmail lets it
    with Client(site.mta.port) as client:
        client.command("MAIL FROM:<a@example.net> BY=240;N")
        client.command("RCPT TO:<r@example.com>")
        id = client.content(mail("by").content)
    # Then the message has that deadline
    assert decision(site, id)["slack"] == 240
    arrived(sink, id)


def test_messages_of_one_session_do_not_know_each_other(site: Site, sink: Sink) -> None:
    # Given one session with two messages
    with Client(site.mta.port) as client:
        first = client.send(mail("first", ("a@one.example", "b@one.example")))
        second = client.send(mail("second", "c@two.example"))
    # Then each is judged by what is its own
    records = site.store.records([first, second])
    assert [(one.recipients, one.domain, one.subject) for one in records.values()] == [
        (2, "one.example", "first"), (1, "two.example", "second"),
    ]  # fmt: skip
    for id in (first, second):
        arrived(sink, id)
