"""Files that programs of ours read: queue files of both MTAs, logs that are rotated anywhere, the journal.

What must hold: a queue file is read or it is none, and what is read of it can be taken into Redis and is then what it
was; a log's complete lines are each read once and in order, wherever it was cut and rotated; an entry of the journal
is a line or nothing.
"""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, NamedTuple

from lanes.config.load import parse
from lanes.mta.follow import Follower
from lanes.mta.headers import Header, added, first
from lanes.mta.journal import Journal
from lanes.mta.port import Hold, Marks, Queue
from lanes.mta.postfix import queue_file as postfix
from lanes.mta.postfix.grammar import PostfixGrammar
from lanes.mta.sendmail import queue_file as sendmail
from lanes.services.difference import adopted
from lanes.store.packed import pack, unpack

NOW = 1_795_500_000.0
#: Things that are done with one log.
_MOST = 50
_SETTINGS = parse("")
_SHARED_MEMORY = Path("/dev/shm")
_WORK = tempfile.TemporaryDirectory(prefix="lanes-fuzz-", dir=_SHARED_MEMORY if _SHARED_MEMORY.is_dir() else None)


def postfix_queue_file(data: bytes) -> None:
    """Any bytes as a finished queue file of Postfix."""
    if file := postfix.read(_written(data)):
        _taken_in(file.arrived, file.sender, file.recipients, file.headers)


def sendmail_queue_file(data: bytes) -> None:
    """Any bytes as a queue file of Sendmail."""
    if file := sendmail.read(_written(data)):
        _taken_in(file.arrived, file.sender, file.recipients, file.headers)


def _written(data: bytes) -> Path:
    path = Path(_WORK.name, "queue-file")
    path.write_bytes(data)
    path.chmod(0o700)
    return path


def _taken_in(arrived: float, sender: str, recipients: tuple[str, ...], headers: tuple[Header, ...]) -> None:
    assert math.isfinite(arrived)
    marks = Marks(
        queue=Queue.HOLD, hold=Hold.OURS, arrived=arrived, lane=added(headers, "X-Lane") or "bulk",
        deadline=added(headers, "X-SLA-Deadline"), relay=added(headers, "X-Lane-Route"), sender=sender,
        recipients=recipients, subject=first(headers, "Subject"),
    )  # fmt: skip
    found = adopted("4jYTDZ4h8gzJC7V", marks, _SETTINGS, NOW)
    assert found is not None
    assert unpack(pack(found.record)) == found.record


class _Writer(NamedTuple):
    """A log, the lines of it that were completed, and what stands in its last one."""

    folder: Path
    lines: list[bytes]
    rest: bytearray


def rotated_log(data: bytes) -> None:
    """Each byte below eight is something that is done with a log, all others are written to it."""
    with tempfile.TemporaryDirectory(dir=_WORK.name) as folder:
        writer = _Writer(Path(folder), [], bytearray())
        _append(writer, b"begun\n")
        follower = Follower(writer.folder / "mail.log")
        seen, place = follower.read()
        for piece in islice(_pieces(data), _MOST):
            if piece == b"\x01":
                _rotate(writer)
            elif piece == b"\x02":
                follower.close()
                follower = Follower(writer.folder / "mail.log", place)
            elif piece[0] < 8:
                lines, place = follower.read(piece[0] + 1)
                seen += lines
            else:
                _append(writer, piece)
        seen += _all(follower)
        follower.close()
        assert [line.encode("utf-8", "surrogateescape") for line in seen] == writer.lines


def _pieces(data: bytes) -> Iterator[bytes]:
    start = 0
    for at, byte in enumerate(data):
        if byte < 8:
            if start < at:
                yield data[start:at]
            yield data[at : at + 1]
            start = at + 1
    if start < len(data):
        yield data[start:]


def _append(writer: _Writer, data: bytes) -> None:
    with (writer.folder / "mail.log").open("ab") as log:
        log.write(data)
    writer.rest.extend(data)
    *complete, rest = bytes(writer.rest).split(b"\n")
    writer.lines.extend(complete)
    writer.rest[:] = rest


def _rotate(writer: _Writer) -> None:
    """As logrotate(8): what was half written stays so for good."""
    kept = len(list(writer.folder.iterdir()))
    (writer.folder / "mail.log").rename(writer.folder / f"mail.log-{20261100 + kept}")
    os.utime(writer.folder / f"mail.log-{20261100 + kept}", (NOW + kept, NOW + kept))
    writer.rest.clear()
    _append(writer, b"begun\n")


def _all(follower: Follower) -> Iterator[str]:
    while lines := follower.read(1000).lines:
        yield from lines


class _Told(Journal):
    """A journal whose journalctl has said these bytes."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__({}, lambda: NOW)
        self._file = file

    def _output(self) -> IO[bytes]:
        return self._file


def journal(data: bytes) -> None:
    """Any bytes as what journalctl(1) says."""
    with _holding(data) as file:
        told, grammar = _Told(file), PostfixGrammar()
        while lines := told.read(100).lines:
            for line in islice(lines, 100):
                grammar(line, NOW)


@contextmanager
def _holding(data: bytes) -> Iterator[IO[bytes]]:
    path = Path(_WORK.name, "journal")
    path.write_bytes(data)
    with path.open("rb") as file:
        yield file
