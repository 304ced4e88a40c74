"""Mail from files, past mail, and the comparison of two policies over it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lanes.message import UNKNOWN_CLIENT
from lanes.policy.backtest import Past, Tally, replay
from lanes.policy.eml import accepted, read_eml
from tests.unit.policy.mail import NOW, mail, policy, with_rules

EML = b"""Return-Path: <bounce@news.example>
Delivered-To: bob@example.org
Received: from mx.news.example (mx.news.example [IPv6:2001:db8::5])\r
\t(Authenticated sender: alice) by mx1.example.org with ESMTPSA id 1;
\tFri, 15 Jan 2027 09:00:00 +0100
Received: from inside [10.0.0.1]; Fri, 15 Jan 2027 07:00:00 +0000
From: =?utf-8?q?News?= <news@news.example>
To: "Bob, Esq." <b.o.b@example.org>, carol@example.org
Subject: caf\xc3\xa9 \xff
 and more
Date: Thu, 14 Jan 2027 09:00:00 +0000

Subject: not a header
"""


def test_the_envelope_is_taken_from_the_trace() -> None:
    message = read_eml(EML)

    assert (message.sender, message.recipients) == ("bounce@news.example", ("bob@example.org",))
    assert (message.client, message.user, message.size) == ("2001:db8::5", "alice", len(EML))


def test_what_the_caller_knows_comes_first() -> None:
    message = read_eml(EML, sender="", recipients=("x@y.example",), client="", user="", by="60;R")

    assert (message.sender, message.recipients, message.client, message.user, message.by) == (
        "", ("x@y.example",), "", "", "60;R")


def test_without_a_trace_the_author_and_the_addressees_stand_in() -> None:
    message = read_eml(b"From: A <a@example.com>\nTo: b@example.org, c@example.org\nCc: b@example.org\n\n")

    assert (message.sender, message.recipients) == ("a@example.com", ("b@example.org", "c@example.org"))
    assert (message.client, message.user) == (UNKNOWN_CLIENT, "")


def test_headers_stay_folded_and_encoded_as_the_filter_sees_them() -> None:
    headers = dict(read_eml(EML).headers)

    assert headers["Subject"] == "café \udcff\n and more"
    assert headers["From"] == "=?utf-8?q?News?= <news@news.example>"


def test_mail_of_an_unknown_client_is_not_trusted() -> None:
    message = read_eml(b"X-Message-Priority: urgent\nFrom: a@example.com\n\n")

    assert policy().classify(message, NOW).lane == "normal"


def test_a_bounce_keeps_its_empty_sender() -> None:
    assert read_eml(b"Return-Path: <>\nFrom: MAILER-DAEMON@example.com\n\n").sender == ""


@pytest.mark.parametrize(
    "raw", [b"", b"\n\n", b"\0", b"no header at all", b": x\n", b"From \xff\nA:\xff\n" * 50, b"\r" * 99]
)
def test_anything_is_a_message(raw: bytes) -> None:
    message = read_eml(raw)

    assert message.size == len(raw)
    assert accepted(message) is None


def test_acceptance_is_when_the_topmost_server_says() -> None:
    assert accepted(read_eml(EML)) == NOW
    assert accepted(read_eml(b"Date: Fri, 15 Jan 2027 08:00:00 +0000\n\n")) == NOW
    assert accepted(read_eml(b"Received: by x; whenever\nDate: Fri, 15 Jan 2027 08:00:00 -0000\n\n")) == NOW


def test_past_mail_is_tallied_by_lane_and_rule_and_compared_message_by_message(tmp_path: Path) -> None:
    # Given two policies that differ about mailing lists, and three messages of the past
    ours = policy()
    theirs = with_rules(tmp_path, '[[rule]]\nname = "precedence"\nenabled = false')
    past = [
        Past("1", mail(), NOW),
        Past("2", mail(("Precedence", "list")), NOW),
        Past("3", mail(("X-Message-Priority", "urgent"), ("Precedence", "list")), NOW),
    ]

    # When they are replayed
    tally, verdicts = Tally(ours), list(replay(past, ours, theirs))
    for verdict in verdicts:
        tally.add(verdict)

    # Then lanes and rules are counted, and only the second message is disputed
    assert tally.messages == 3
    assert tally.lanes == {"normal": 1, "bulk": 1, "priority": 1}
    assert (tally.rules["precedence"], tally.rules["x-message-priority"], tally.rules["list-id"]) == (2, 1, 0)
    assert tally.moves == {("bulk", "normal"): 1}
    assert [verdict.differences for verdict in verdicts] == [(), ("lane", "preference", "deadline"), ()]
