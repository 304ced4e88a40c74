"""Queue files that a real Postfix wrote, read as postcat(1) shows them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from contrib.sandbox.mail import Mail, mail
from contrib.sandbox.sink import Sink
from contrib.sandbox.site import Site
from lanes.mta.headers import Header, added, first
from lanes.mta.postfix.queue_file import QueueFile, read

BULK = {"List-Unsubscribe": "<https://example.net/u>"}
POSTCAT = shutil.which("postcat", path="/usr/sbin:/usr/bin") or "postcat"


def content(headers: bytes, body: bytes = b"Hi\r\n") -> Mail:
    return Mail("a@example.net", ("r@example.com",), b"Precedence: bulk\r\n" + headers + b"\r\n" + body)


ODD: dict[str, Mail] = {
    "a plain newsletter": mail("News für alle", ("a@one.example", "b@two.example"), headers=BULK),
    "forged headers": content(b"X-Lane: priority\r\nx-lane-hold: mx1\r\nX-SLA-Deadline: junk\r\nX-Lane: priority\r\n"),
    "bytes that are not UTF-8": content(b"From: caf\xe9 <a@b>\r\nSubject: \xff\xfe\r\nX-\xff: y\r\n"),
    "no headers and no body": Mail("a@example.net", ("r@example.com",), b"Precedence: bulk\r\n"),
    "a body without an empty line before it": Mail("", ("r@example.com",), b"Precedence: bulk\r\nnot a header\r\n"),
    "10,000 headers": content(b"".join(b"X-%d: v\r\n" % number for number in range(10000))),
    "a line of 9,000 characters": content(b"Subject: " + b"x" * 9000 + b"\r\n"),
    "a folded header of 60 lines": content(b"Subject: " + b"\r\n ".join([b"a" * 900] * 60) + b"\r\n"),
    "a large body": content(b"Subject: s\r\n", b"X-Lane-Hold: mx1\r\n" * 5000),
    "two hundred recipients": mail("Many", [f"r{number}@example.com" for number in range(200)], headers=BULK),
    "quoted addresses": content(b"")._replace(sender='"a> b"@example.net', recipients=('"x@y <z>"@example.com',)),
}


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running


@pytest.fixture(scope="module")
def site(sink: Sink) -> Iterator[Site]:
    with Site(sink.port, programs=("milter",)) as running:
        yield running


def file_of(site: Site, id: str) -> QueueFile:
    found = read(site.postfix.folders.queue / "hold" / id)
    assert found is not None
    return found


def shown(site: Site, id: str) -> tuple[str, list[str], list[tuple[str, str]]]:
    """Sender, recipients and headers as postcat shows them."""
    command = [POSTCAT, "-c", str(site.postfix.config), "-q", id]
    text = subprocess.run(command, check=True, capture_output=True).stdout.decode("utf-8", "surrogateescape")
    envelope, _, rest = text.partition("*** MESSAGE CONTENTS")
    body, _, extracted = rest.partition("\n")[2].partition("*** HEADER EXTRACTED")
    unfolded = re.split(r"\n(?![ \t])", body.partition("\n\n")[0].rstrip("\n"))
    headers = [(name, value.strip()) for name, _, value in (header.partition(":") for header in unfolded)]
    recipients = re.findall(r"^recipient: (.*)$", envelope + extracted, re.MULTILINE)
    return re.findall(r"^sender: (.*)$", envelope, re.MULTILINE)[-1], recipients, headers


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD.keys())
def test_a_queue_file_is_read_as_postcat_shows_it(site: Site, odd: Mail) -> None:
    # When a message is held
    before = time.time()
    id = site.send(odd)
    file = file_of(site, id)
    # Then its file says what postcat says
    sender, recipients, headers = shown(site, id)
    assert (file.sender, list(file.recipients)) == (sender, recipients)
    assert list(file.headers) == headers
    assert before - 1 < file.arrived <= time.time()
    # And which headers our filter added
    assert [header.name for header in file.headers[:4]] == ["X-Lane", "X-SLA-Deadline", "X-Lane-Hold", "Received"]
    assert added(file.headers, "X-Lane-Hold") == "mx1"


def test_recipients_taken_from_the_headers_are_there(site: Site) -> None:
    # Given mail handed to sendmail -t, whose recipients stand behind the message
    text = "From: a@b.example\nTo: t1@one.example\nBcc: t2@two.example\nPrecedence: bulk\nSubject: by t\n\nhello\n"
    before = set(site.postfix.queue("hold"))
    site.postfix.command("sendmail", "-t", "-f", "root@example.net", text=text)
    site.postfix.wait_for_log("milter-hold: END-OF-MESSAGE from localhost")
    id, = set(site.postfix.queue("hold")) - before
    # Then they are read, too
    file = file_of(site, id)
    assert (file.sender, file.recipients) == ("root@example.net", ("t1@one.example", "t2@two.example"))
    assert first(file.headers, "subject") == "by t"


def test_what_a_sender_forged_while_the_filter_was_away_is_not_taken_for_ours(sink: Sink) -> None:
    # Given a Postfix without a filter, that holds mail by itself
    parameters = {"smtpd_recipient_restrictions": "check_recipient_access inline:{ {r@=HOLD} }, permit_mynetworks"}
    with Site(sink.port, programs=(), parameters=parameters) as bare:
        # When mail comes that looks as if our filter had held it
        id = bare.send(content(b"X-Lane: bulk\r\nX-SLA-Deadline: 2026-01-01T00:00:00Z\r\nX-Lane-Hold: mx1\r\n"))
        file = file_of(bare, id)
    # Then the headers are there, and they are the sender's
    assert Header("X-Lane-Hold", "mx1") in file.headers
    assert added(file.headers, "X-Lane-Hold") == ""


def test_a_file_that_is_not_finished_or_not_a_file_is_none(site: Site, tmp_path: Path) -> None:
    # Given a queue file
    path = site.postfix.folders.queue / "hold" / site.send(mail("News", headers=BULK))
    assert read(path)
    # When it is behind a link, not there, a folder, a pipe, or not finished
    link, pipe, unfinished = tmp_path / "link", tmp_path / "pipe", tmp_path / "unfinished"
    link.symlink_to(path)
    os.mkfifo(pipe)
    unfinished.write_bytes(path.read_bytes())
    # Then it is none
    assert [read(odd) for odd in (link, tmp_path / "none", tmp_path, pipe, unfinished)] == [None] * 5
    unfinished.chmod(0o700)
    assert read(unfinished) == read(path)
