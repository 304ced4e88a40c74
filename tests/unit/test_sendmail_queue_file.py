"""Sendmail's queue files, also those that it would not write; whose headers and holds they tell of."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lanes.mta import reasons
from lanes.mta.headers import Header, added, first
from lanes.mta.port import Hold
from lanes.mta.sendmail.queue_file import QueueFile, read

HELD = b"""V8
T1795507355
K0
N0
P30255
I254/0/131
Bcafe
qmta-lanes mx1 lane bulk
MDeferred: later
Fbs
$_localhost [127.0.0.1]
S<app@example.net>
rRFC822; r0@bulk.example
RPFD:<r0@bulk.example>
RPFD:<s@bulk.example>
RP:joe
H?P?Return-Path: <\x81g>
H??X-Lane: bulk
H??Received: from client.example.net (localhost [127.0.0.1])
\tby sandbox.example.net (8.17.1.9/8.17.1.9) with ESMTP id 6AO82ZkR008942
\tfor <r0@bulk.example>; Tue, 24 Nov 2026 08:02:35 GMT
H?D?Date: Tue, 24 Nov 2026 08:02:35 GMT
H??X-Lane-Hold: mx1
H??subject: News
 for all
H?${load}?X-Odd: caf\xe9?: x
.
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hf6AO82ZkR008942"


def read_bytes(path: Path, data: bytes) -> QueueFile | None:
    path.write_bytes(data)
    return read(path)


def test_a_message_on_hold_is_read(path: Path) -> None:
    file = read_bytes(path, HELD)
    assert file is not None
    assert (file.arrived, file.reason, file.sender) == (1795507355.0, "mta-lanes mx1 lane bulk", "app@example.net")
    assert file.recipients == ("r0@bulk.example", "s@bulk.example", "joe")
    assert file.headers[1] == Header("X-Lane", "bulk")
    assert file.headers[-1] == Header("X-Odd", "caf\udce9?: x")


def test_only_what_stands_above_received_was_written_by_a_filter(path: Path) -> None:
    file = read_bytes(path, HELD)
    assert file is not None
    assert (added(file.headers, "X-Lane"), added(file.headers, "X-Lane-Hold")) == ("bulk", "")
    assert first(file.headers, "Subject") == "News\n for all"
    assert first(file.headers, "None") == ""


def test_a_message_without_sender_and_reason_is_read(path: Path) -> None:
    file = read_bytes(path, b"V8\nT1\nS<>\nRPFD:<a@b.c>\nH??Received: x\n.\n")
    assert file == QueueFile(1.0, "", "", ("a@b.c",), (Header("Received", "x"),))


@pytest.mark.parametrize(
    "data",
    [b"", b".", b".\n", HELD[:-2], HELD[:-1], HELD.replace(b"T1795507355\n", b""), HELD.replace(b"T1795", b"Tyest"),
     HELD.replace(b"T1795507355", b"T" + b"9" * 400), HELD.replace(b"T1795507355", "T１２".encode()),
     HELD.replace(b"S<app@example.net>\n", b"")],
)  # fmt: skip
def test_what_breaks_the_rules_is_no_queue_file(path: Path, data: bytes) -> None:
    assert read_bytes(path, data) is None


def test_what_is_no_file_is_none(path: Path, tmp_path: Path) -> None:
    path.write_bytes(HELD)
    link, pipe, huge = tmp_path / "link", tmp_path / "pipe", tmp_path / "huge"
    link.symlink_to(path)
    os.mkfifo(pipe)
    with huge.open("wb") as file:
        file.truncate(1 << 30)
    assert [read(odd) for odd in (link, pipe, huge, tmp_path, tmp_path / "none")] == [None] * 5


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=300), at=st.integers(0, len(HELD)))
def test_no_bytes_whatever_make_it_fail(path: Path, data: bytes, at: int) -> None:
    file = read_bytes(path, HELD[:at] + data + HELD[at:])
    assert file is None or isinstance(file.arrived, float)


@pytest.mark.parametrize(
    ("reason", "hold"),
    [
        (reasons.held("mx1", "bulk"), Hold.OURS),
        (reasons.kept("mx1"), Hold.KEPT),
        (reasons.held("mx10", "bulk"), Hold.OTHER),
        (reasons.kept("mx"), Hold.OTHER),
        ("looks odd", Hold.OTHER),
        ("", Hold.OTHER),
        (f"was: {reasons.held('mx1', 'bulk')}", Hold.OTHER),
    ],
)
def test_a_hold_is_ours_if_its_reason_is(reason: str, hold: Hold) -> None:
    assert reasons.whose(reason, "mx1") is hold
