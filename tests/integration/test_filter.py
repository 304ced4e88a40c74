"""Whatever mail comes: the filter gives it a lane, and it is delivered."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator

import pytest

from contrib.sandbox.mail import Mail, mail, send
from contrib.sandbox.ports import LOOPBACK
from contrib.sandbox.postfix import Milter, PrivatePostfix
from contrib.sandbox.sink import Received, Sink
from contrib.sandbox.site import Site
from contrib.sandbox.wait import wait_until
from tests.integration.world import arrived, counted, decision, running_site, told

FORGED = b"X-Lane: priority\r\n"
#: Nobody reads the log here, so that nothing ever makes room.
SETTINGS = "manager.window = 10000\n"


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running


@pytest.fixture(scope="module")
def site(sink: Sink, request: pytest.FixtureRequest) -> Iterator[Site]:
    with running_site(request, sink, SETTINGS, programs=("milter", "worker")) as running:
        yield running


def smtp(site: Site) -> smtplib.SMTP:
    """A connection for those who do not follow the usual order."""
    connection = smtplib.SMTP(LOOPBACK, site.postfix.port, timeout=30)
    connection.ehlo("client.example.net")
    return connection


def content(headers: bytes, body: bytes = b"Hi\r\n") -> Mail:
    return Mail("a@example.net", ("r@example.com",), headers + b"\r\n" + body)


def lanes_of(message: Received) -> list[str]:
    return [value for name, value in message.headers if name.lower() == "x-lane"]


#: None of it says anything about a lane that counts.
ODD: dict[str, Mail] = {
    "undecodable headers": content(FORGED + b"From: caf\xe9\r\nSubject: =?utf-8?B?////?= \xff\xfe\r\nTo: \x01\r\n"),
    "a header name that is not ASCII": content(FORGED + b"X-\xff\xfe: v\r\n" + FORGED),
    "no headers at all": content(b"", b"only a body\r\n"),
    "nothing at all": Mail("a@example.net", ("r@example.com",), b""),
    "a first line that is no header": content(b": v\r\n" + FORGED),
    "10,000 headers": content(b"".join(b"X-%d: v\r\n" % n for n in range(10000)) + FORGED),
    "a header of 1 MB": content(b"X-Big: " + b"a" * 1_000_000 + b"\r\n" + FORGED),
    "a header of 1,100 lines": content(b"X-Big: " + b"\r\n ".join([b"a" * 900] * 1100) + b"\r\n" + FORGED),
    "NULs": content(b"Subject: a\x00b\r\nX-\x00Y: z\r\nX-Lane: a\x00b\r\n", b"\x00\r\n"),
    "bare LF": content(b"Subject: s\nX-Lane: priority\nX-Y: z\n", b"line\nline\n"),
    "bare CR": content(b"Subject: s\rX-Lane: priority\r\nX-Y: z\r\r\n", b"line\rline\r"),
    "dots": content(FORGED, b".\r\n..\r\n.x\r\n"),
    "an empty sender": content(FORGED)._replace(sender=""),
    "a domain of 240 characters": content(FORGED)._replace(recipients=("r@" + ".".join(["d" * 60] * 4),)),
    "a quoted local part": content(FORGED)._replace(sender='"a> b"@example.net', recipients=('"x@y <z>"@example.com',)),
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD.keys())
def test_odd_mail_is_tagged_once_and_delivered(site: Site, sink: Sink, odd: Mail) -> None:
    # When the message is sent
    id = site.send(odd)
    # Then it comes out in the default lane, whatever it claims, and that is what Redis remembers
    assert lanes_of(arrived(sink, id)) == ["normal"]
    record = site.store.records([id])[id]
    assert (record.lane, record.recipients) == ("normal", 1)
    assert not told(site, "milter", "a callback failed; the message passes")


def test_hundreds_of_recipients_are_one_message(site: Site, sink: Sink) -> None:
    # Given one message for 400 recipients, which our rules take for bulk
    readers = tuple(f"reader{n}@{'few' if n % 10 else 'most'}.example" for n in range(400))
    id = site.send(content(FORGED)._replace(recipients=readers))
    # When it is released
    site.lanes("release", id)
    # Then all of them get it, once
    wait_until(lambda: len(taken(sink, id)) >= 400, "400 recipients")
    assert sorted(taken(sink, id)) == sorted(readers)
    record = site.store.records([id])[id]
    assert (record.lane, record.recipients, record.domain) == ("bulk", 400, "few.example")


def taken(sink: Sink, id: str) -> list[str]:
    return [recipient for message in sink.messages if message.queue_id == id for recipient in message.recipients]


def test_addresses_that_are_not_ascii_pass(site: Site, sink: Sink) -> None:
    # Given an envelope in UTF-8 (RFC 6531)
    with smtp(site) as connection:
        connection.mail("grüße@example.net", ["SMTPUTF8", "BODY=8BITMIME"])
        connection.rcpt("用户@例子.example")
        code, reply = connection.data("Subject: grüße\r\nX-Lane: priority\r\n\r\n".encode())
    # Then it is taken and tagged like any other
    assert code == 250
    message = arrived(sink, reply.rpartition(b" ")[2].decode())
    assert (message.sender, lanes_of(message)) == ("grüße@example.net", ["normal"])


def test_addresses_that_are_not_even_utf8_pass(site: Site, sink: Sink) -> None:
    # Given a Postfix of the old kind, which takes any byte in an address, before the same filter
    tolerant = {"smtputf8_enable": "no"}
    with PrivatePostfix(sink.port, milter=Milter(site.settings.milter.socket), parameters=tolerant) as postfix:
        # When such addresses come
        strange = content(FORGED)._replace(sender="caf\udce9@example.net", recipients=("\udcff@b.example",))
        id = send(postfix.port, strange)
        # Then the message is tagged, and what is stored is printable
        assert lanes_of(arrived(sink, id)) == ["normal"]
    assert site.store.records([id])[id].sender == "caf?@example.net"


def test_mail_from_the_mail_servers_own_host_is_tagged(site: Site, sink: Sink) -> None:
    # When mail is submitted by sendmail(1), which goes by pickup(8)
    text = "From: root@example.net\nTo: you@example.com\nSubject: by pickup\nX-Lane: bulk\n\nHello\n"
    site.postfix.command("sendmail", "-f", "root@example.net", "you@example.com", text=text)
    # Then it is tagged like any other
    message = sink.wait_for_subject("by pickup")
    assert lanes_of(message) == ["normal"]
    assert site.store.records([message.queue_id])[message.queue_id].sender == "root@example.net"


def test_messages_of_one_session_do_not_know_each_other(site: Site, sink: Sink) -> None:
    with smtp(site) as connection:
        # Given a message that is begun and taken back
        connection.mail("first@example.net", ["SIZE=4711"])
        connection.rcpt("a@one.example")
        connection.rcpt("b@one.example")
        connection.rset()
        # And one with forged headers
        connection.mail("second@example.net")
        connection.rcpt("c@two.example")
        _, second = connection.data(b"Subject: second\r\n" + 3 * FORGED + b"\r\n")
        # When a third one follows
        connection.mail("third@example.net")
        connection.rcpt("d@three.example")
        _, third = connection.data(b"Subject: third\r\n\r\n")
    # Then each is judged by what is its own
    ids = [reply.rpartition(b" ")[2].decode() for reply in (second, third)]
    records = site.store.records(ids)
    assert [(r.sender, r.recipients, r.domain, r.subject) for r in records.values()] == [
        ("second@example.net", 1, "two.example", "second"),
        ("third@example.net", 1, "three.example", "third"),
    ]
    assert [lanes_of(arrived(sink, id)) for id in ids] == [["normal"], ["normal"]]


def test_a_session_that_breaks_off_leaves_nothing_behind(site: Site, sink: Sink) -> None:
    # Given a client that hangs up in the middle of its headers
    before = len(told(site, "milter", "decision"))
    connection = smtp(site)
    connection.mail("a@example.net")
    connection.rcpt("r@example.com")
    connection.docmd("DATA")
    connection.send(b"Subject: half a mess")
    connection.close()
    site.postfix.wait_for_log("lost connection after DATA")
    # When the next one comes
    id = site.send(mail("whole"))
    # Then only the whole message was decided about
    arrived(sink, id)
    assert [line["id"] for line in told(site, "milter", "decision")[before:]] == [id]


def test_counters_tell_what_was_done(site: Site, sink: Sink) -> None:
    # Given what the filter has counted so far
    passed, failed = counted(site, "lanes_verdicts_total", verdict="pass"), counted(site, "lanes_fail_open_total")
    # When one more message passes
    id = site.send(mail("counted"))
    arrived(sink, id)
    # Then one more verdict is counted, and no failure
    assert decision(site, id)["action"] == "pass"
    assert counted(site, "lanes_verdicts_total", verdict="pass") == passed + 1
    assert counted(site, "lanes_fail_open_total") == failed
