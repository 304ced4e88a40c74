"""One Postfix queue file: the envelope, and the message's headers (:mod:`lanes.mta.headers` tells whose they are).

postcat(1) shows the same for 27 ms a message; this reads more than 10,000 files a second.

A file is a row of records: a letter, a length in groups of seven bits (the lowest first), and so
many bytes. ``C`` comes first and says where the content is; then the envelope (``T`` arrival, ``S``
sender, ``R`` a recipient still to be served) up to ``M``; the content (``N`` a line, ``L`` a piece of
a long one) up to ``X``; what was taken from the content (more ``R``) up to ``E``. A ``p`` goes on
elsewhere in the file: a milter's edits are appended behind the ``E``, and pointers lead there and
back, and past what was removed. (Postfix's ``rec_type.h``, ``record.c``, ``cleanup_milter.c``.)

Contract: nothing in the file is believed. It is opened without following links, and only a regular
file that cleanup(8) finished is looked at; lengths, records and bytes are bounded, so that pointers
that go in circles end; what breaks the rules is no queue file.

Failure: :class:`OSError` if there is a file that cannot be read.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from lanes.mta.headers import Header

_SIZE, _TIME, _SENDER, _RECIPIENT, _MESSAGE, _LINE, _PIECE, _EXTRACTED, _END, _POINTER = b"CTSRMNLXEp"

#: cleanup(8) sets the owner's execute bit when the file is complete (``mail_queue.h``).
_FINISHED = stat.S_IRUSR | stat.S_IWUSR | stat.S_IXUSR
#: Our own mark, the sticky bit: the message is on hold by an operator's order to us. Postfix has marks of
#: its own kind in the group's bits (``mail_queue.h``: forget dead destinations; expired by force).
KEPT = stat.S_ISVTX
#: Not there, a link, or nothing that can be opened.
_NO_FILE = (errno.ENOENT, errno.ELOOP, errno.ENXIO)
#: Bytes read at once; bytes and records read of one file.
_WINDOW, _BYTES, _RECORDS = 4096, 1 << 24, 100_000
#: Bytes of a record's letter and length: three groups of seven bits are a thousand times what
#: Postfix writes (``line_length_limit``).
_HEAD = 4


class QueueFile(NamedTuple):
    """What a queue file says. Bytes that are not UTF-8 are lone surrogates (PEP 383)."""

    arrived: float
    """Unix time in seconds."""
    sender: str
    recipients: tuple[str, ...]
    """Those that are still to be served."""
    headers: tuple[Header, ...]
    kept: bool
    """Whether we marked it as kept on hold by an operator's order."""


_Record = tuple[int, bytes]
"""Letter and data."""


class QueueFileError(ValueError):
    """Not what Postfix writes."""


def read(path: Path) -> QueueFile | None:
    """The queue file at ``path``; None if there is none, or if it is no finished queue file."""
    with opened(path) as file:
        try:
            return _parse(_Records(file), os.fstat(file).st_mode) if file is not None else None
        except QueueFileError:
            return None


@contextmanager
def opened(path: Path) -> Iterator[int | None]:
    """A finished queue file, open for reading; None if that is not what ``path`` is."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno not in _NO_FILE:
            raise
        yield None
        return
    try:
        mode = os.fstat(file).st_mode
        yield file if stat.S_ISREG(mode) and mode & _FINISHED == _FINISHED else None
    finally:
        os.close(file)


def _parse(records: _Records, mode: int) -> QueueFile:
    walk = records.walk(0)
    kind, sizes = next(walk)
    fields = sizes.split()
    _demand(kind == _SIZE and len(fields) > 1)
    size, start = _number(fields[0]), _number(fields[1])
    arrived, sender, recipients = _envelope(walk)
    headers = tuple(_headers(walk))
    more = _extracted(records.walk(start + size))
    return QueueFile(arrived, sender, (*recipients, *more), headers, bool(mode & KEPT))


def _envelope(walk: Iterator[_Record]) -> tuple[float, str, list[str]]:
    found: dict[int, bytes] = {}
    recipients = []
    for kind, data in walk:
        if kind == _RECIPIENT:
            recipients.append(_text(data))
        elif kind == _MESSAGE:
            break
        else:
            _demand(kind not in (_EXTRACTED, _END))
            found[kind] = data
    _demand(_TIME in found and _SENDER in found)
    return _instant(found[_TIME]), _text(found[_SENDER]), recipients


def _headers(walk: Iterator[_Record]) -> Iterator[Header]:
    """The headers, up to the empty line or the content's end."""
    lines: list[bytes] = []
    for line in _lines(walk):
        if lines and line[:1] not in (b" ", b"\t"):
            yield _header(lines)
            lines = []
        if not line:
            return
        lines.append(line)
    if lines:
        yield _header(lines)


def _header(lines: list[bytes]) -> Header:
    name, _, value = b"\n".join(lines).partition(b":")
    return Header(_text(name), _text(value.strip()))


def _lines(walk: Iterator[_Record]) -> Iterator[bytes]:
    """The content's lines."""
    pieces: list[bytes] = []
    for kind, data in walk:
        if kind in (_LINE, _PIECE):
            pieces.append(data)
            if kind == _LINE:
                yield b"".join(pieces)
                pieces = []
        elif kind in (_EXTRACTED, _END):
            return


def _extracted(walk: Iterator[_Record]) -> Iterator[str]:
    kind, _ = next(walk)
    _demand(kind == _EXTRACTED)
    for kind, data in walk:
        if kind == _RECIPIENT:
            yield _text(data)
        elif kind == _END:
            return


class _Records:
    """The records of an open file."""

    def __init__(self, file: int) -> None:
        self._file = file
        self._records, self._bytes = _RECORDS, _BYTES
        self._load(0, _WINDOW)

    def walk(self, at: int) -> Iterator[_Record]:
        """From an offset on, by way of the pointers. It never ends; it raises where the file does."""
        while True:
            kind, data, after = self._record(at)
            if kind == _POINTER and (target := _number(data)):
                at = target
            else:
                yield kind, data
                at = after

    def _record(self, at: int) -> tuple[int, bytes, int]:
        """Letter, data, and where the next one stands."""
        self._records -= 1
        _demand(self._records >= 0)
        begin = at - self._start
        if not 0 <= begin < len(self._window) - _HEAD:
            self._load(at, _WINDOW)
            begin = 0
        kind, begin, end = self._bounds(begin)
        if end > len(self._window) - _HEAD:
            self._load(at, max(_WINDOW, end - begin + _HEAD))
            kind, begin, end = self._bounds(0)
            _demand(end <= len(self._window) - _HEAD)
        return kind, self._window[begin:end], self._start + end

    def _bounds(self, begin: int) -> tuple[int, int, int]:
        """Letter, and where in the window the data begin and end."""
        window = self._window
        kind, length = window[begin], window[begin + 1]
        begin += 2
        if length > 0x7F:
            length, begin = _long(window[begin - 1 : begin + 2], begin)
        return kind, begin, begin + length

    def _load(self, at: int, size: int) -> None:
        """Read a window, and pad it so that no head of a record runs over its edge."""
        self._start = at
        self._window = os.pread(self._file, size, at)
        self._bytes -= len(self._window)
        _demand(bool(self._window) and self._bytes >= 0)
        self._window += bytes(_HEAD)


def _long(groups: bytes, begin: int) -> tuple[int, int]:
    """A length of more than seven bits, and where the data begin."""
    length = 0
    for place, group in enumerate(groups):
        length |= (group & 0x7F) << 7 * place
        if group <= 0x7F:
            return length, begin + place
    raise QueueFileError


def _instant(data: bytes) -> float:
    seconds, _, micros = data.partition(b" ")
    return _number(seconds) + _number(micros or b"0") / 1e6


def _number(data: bytes) -> int:
    digits = data.strip()
    _demand(digits.isdigit() and len(digits) <= 15)
    return int(digits)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _demand(so: bool) -> None:
    if not so:
        raise QueueFileError
