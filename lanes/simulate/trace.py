"""A trace: the mail of some time, a line each, as it came in. docs/simulate.md describes the format.

A line is a JSON object (https://jsonlines.org), in UTF-8; a file whose name ends in ``.gz`` is compressed. Lines are
in the order of ``at``, so that a day of mail is read and written as a stream.

Contract: nothing in a trace is believed: a line has to be an object of a :class:`Row`'s fields and no others, within
their bounds, and not earlier than the one before. Failure: :class:`TraceError` with the file and the line; where bad
lines are to be skipped, they are counted instead.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated, Literal

import msgspec
from msgspec import Meta

from lanes.policy.instants import parse_instant

#: Bytes of the longest line; one that is longer is none of ours.
_LONGEST = 1 << 16
#: The last instant that is one: the year 3000.
_LATEST = 32_503_680_000.0
_DOMAIN = re.compile(r"[^\s\x00-\x1f\x7f]+")

_Instant = Annotated[float, Meta(ge=0, le=_LATEST)]
_Duration = Annotated[float, Meta(ge=0, le=1e9)]
_Status = Annotated[str, Meta(pattern=r"^[245]\.\d{1,3}\.\d{1,3}$")]


class TraceError(Exception):
    """A trace cannot be used: which file, which line, what was found there, what to do."""


class Row(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """A message: what came in, and what the world did with it, so far as that is known."""

    at: _Instant | Annotated[str, Meta(max_length=40)]
    """When it was accepted: Unix time in seconds; or, in a file, RFC 3339."""
    domain: Annotated[str, Meta(min_length=1, max_length=255)]
    """Where most of its recipients are."""
    lane: Annotated[str, Meta(max_length=64)] = ""
    """Empty: the default lane."""
    sender: Annotated[str, Meta(max_length=320)] = ""
    """An address, or a pseudonym; empty for bounces."""
    recipients: Annotated[int, Meta(ge=1, le=1_000_000)] = 1
    size: Annotated[int, Meta(ge=0, le=1 << 50)] = 0
    """Bytes; 0: not known."""
    sla: Annotated[float, Meta(gt=0, le=1e9)] | None = None
    """Seconds in which it was to be delivered, if that was less than its lane's own."""
    seconds: _Duration | None = None
    """Seconds that its delivery took, connecting and transmitting."""
    deferrals: Annotated[int, Meta(ge=0, le=10_000)] = 0
    """How often it was put off."""
    dsn: _Status | None = None
    """What was said at the last of these (RFC 3463)."""
    outcome: Literal["sent", "bounced"] = "sent"
    """How it ended."""

    @property
    def instant(self) -> float:
        """:attr:`at`, as a number."""
        return parse_instant(self.at) if isinstance(self.at, str) else self.at


_decode = msgspec.json.Decoder(Row).decode
_encode = msgspec.json.Encoder().encode


class Trace:
    """A trace's file; may be read again and again, from its beginning."""

    def __init__(self, path: Path, *, skip_bad: bool = False) -> None:
        self.path = path
        self._skip_bad = skip_bad
        self.bad = 0
        """Lines that were skipped when it was last read to its end."""

    def __iter__(self) -> Iterator[Row]:
        self.bad, last = 0, 0.0
        for number, line in self._lines():
            try:
                row = _read(line, last)
            except ValueError as error:
                self._skip(number, str(error))
                continue
            last = row.instant
            yield row

    def _skip(self, number: int, why: str) -> None:
        if not self._skip_bad:
            raise TraceError(f"{self.path}:{number}: {why} (--skip-bad leaves such lines out)")
        self.bad += 1

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        """Lines that are not empty, with their numbers; of one that is too long, its beginning."""
        number = 0
        try:
            with _opened(self.path, "rb") as file:
                while line := file.readline(_LONGEST + 1):
                    number += 1
                    rest = line
                    while rest and not rest.endswith(b"\n"):
                        rest = file.readline(_LONGEST)
                    if line.strip():
                        yield number, line
        except FileNotFoundError as error:
            raise TraceError(f"{self.path}: there is no such file") from error
        except (OSError, EOFError, zlib.error) as error:
            raise TraceError(f"{self.path}: cannot be read beyond line {number}: {error}") from error


def _read(line: bytes, last: float) -> Row:
    """A line's message. Raises :class:`ValueError`."""
    if len(line) > _LONGEST:
        raise ValueError(f"is longer than {_LONGEST} bytes")
    row = _decode(line)
    if isinstance(row.at, str):
        row.at = parse_instant(row.at)
        if not 0 <= row.at <= _LATEST:
            raise ValueError("at: not between 1970 and 3000")
    if not _DOMAIN.fullmatch(row.domain):
        raise ValueError("domain: has spaces or control characters in it")
    if row.at < last:
        raise ValueError("is earlier than the message before it: sort the trace by `at`")
    return row


def write(rows: Iterable[Row], path: Path) -> int:
    """Write a trace; how many messages. Raises :class:`TraceError`."""
    count = 0
    try:
        with _opened(path, "wb") as file:
            for row in rows:
                file.write(line(row))
                count += 1
    except OSError as error:
        raise TraceError(f"{path}: cannot be written: {error}") from error
    return count


def line(row: Row) -> bytes:
    """A message as a line."""
    return _encode(row) + b"\n"


@contextmanager
def _opened(path: Path, mode: Literal["rb", "wb"]) -> Iterator[IO[bytes]]:
    """The same messages give the same bytes, also compressed: no name and no time of its own is in the file."""
    with path.open(mode) as file:
        if path.suffix != ".gz":
            yield file
            return
        with gzip.GzipFile("", mode, 6, file, mtime=0) as packed:
            yield packed  # type: ignore[misc] # a GzipFile is an IO[bytes] in all but name
