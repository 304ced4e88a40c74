"""One Sendmail queue file: the envelope, why it is on hold, and the headers (:mod:`lanes.mta.headers` tells whose).

A file is lines: a letter and a value, and lines that begin with white space go on from the last one. ``T`` is the
arrival, ``q`` the reason for a hold, ``S`` the sender, ``R`` a recipient still to be served (``RPFD:<a@b>``), ``H`` a
header (``H?flags?Name: value``), and a dot ends it. (Operations Guide, appendix B; ``queue.c``.)

Contract: nothing in the file is believed. It is opened without following links; size and lines are bounded; a
file without its last line is being written, and is no queue file yet.

Failure: :class:`OSError` if there is a file that cannot be read.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from lanes.mta.headers import Header

#: Not there, a link, or nothing that can be opened.
_NO_FILE = (errno.ENOENT, errno.ELOOP, errno.ENXIO)
#: Bytes of a file that are looked at; a longer one is none of ours. ``MaxHeadersLength`` is 32 KiB as shipped.
_BYTES = 1 << 24
_END = "."


class QueueFile(NamedTuple):
    """What a queue file says. Bytes that are not UTF-8 are lone surrogates (PEP 383)."""

    arrived: float
    """Unix time in whole seconds."""
    reason: str
    """Why it is on hold; empty: it is not."""
    sender: str
    recipients: tuple[str, ...]
    """Those that are still to be served."""
    headers: tuple[Header, ...]


def read(path: Path) -> QueueFile | None:
    """The queue file at ``path``; None if there is none, or if it is no finished queue file."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno not in _NO_FILE:
            raise
        return None
    try:
        found = os.fstat(file)
        return _parse(os.read(file, found.st_size)) if stat.S_ISREG(found.st_mode) and found.st_size < _BYTES else None
    finally:
        os.close(file)


def _parse(data: bytes) -> QueueFile | None:
    fields: dict[str, str] = {}
    recipients: list[str] = []
    headers: list[Header] = []
    for line in _lines(data):
        letter, value = line[:1], line[1:]
        if line == _END:
            return _finished(fields, recipients, headers)
        if letter == "R":
            recipients.append(_address(value.partition(":")[2]))
        elif letter == "H":
            headers.append(_header(value))
        else:
            fields.setdefault(letter, value)
    return None


def _finished(fields: dict[str, str], recipients: list[str], headers: list[Header]) -> QueueFile | None:
    arrived = fields.get("T", "")
    if not (arrived.isascii() and arrived.isdigit() and len(arrived) <= 12) or "S" not in fields:
        return None
    sender, reason = _address(fields["S"]), fields.get("q", "")
    return QueueFile(float(arrived), reason, sender, tuple(recipients), tuple(headers))


def _lines(data: bytes) -> Iterator[str]:
    """The lines, with those that go on from them; a last one that is not finished is none."""
    lines = data.decode("utf-8", "surrogateescape").split("\n")
    whole: list[str] = []
    for line in lines[:-1]:
        if whole and line[:1] not in (" ", "\t"):
            yield "\n".join(whole)
            whole = []
        whole.append(line)
    if whole:
        yield "\n".join(whole)


def _header(text: str) -> Header:
    """``?flags?Name: value``: the flags say which mailers are shown it."""
    name, _, value = text.removeprefix("?").partition("?")[2].partition(":")
    return Header(name.strip(), value.strip())


def _address(text: str) -> str:
    return text.strip().removeprefix("<").removesuffix(">")
