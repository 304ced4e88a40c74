"""One file of a log, open and read on from a place: as it is written, or as gzip(1) left it.

Contract: a file is known by its inode and a digest of its beginning, so that one that was cut off, written
anew, or compressed meanwhile is told from the one of which the place is. Offsets are of the text, also in
a compressed file. Bytes that are not UTF-8 come as lone surrogates (PEP 383).

Failure: :class:`OSError`. A compressed file that breaks off or is damaged ends there.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
import zlib
from pathlib import Path
from typing import NamedTuple

_CHUNK = 1 << 18
"""Bytes read at once; a longer line is given in pieces."""
_BEGINNING = 256
"""Bytes of a file's beginning by which it is known again."""
#: What gzip(1) appends to a file's name.
COMPRESSED = ".gz"


class Place(NamedTuple):
    """A place between two lines of one file."""

    inode: int
    offset: int
    """Bytes from the file's beginning."""
    beginning: str
    """Digest of the file's first bytes, up to ``offset`` but not more than 256."""


class LogFile:
    """An open log file, and how far it was read."""

    def __init__(self, number: int, offset: int) -> None:
        self._number = number
        self._offset = offset
        self._beginning = self._first(offset)
        self.inode = os.fstat(number).st_ino

    def close(self) -> None:
        """Let go of it."""
        os.close(self._number)

    def removed(self) -> bool:
        """Whether it has no name any more."""
        return not os.fstat(self._number).st_nlink

    def place(self) -> Place:
        """How far it was read."""
        return Place(self.inode, self._offset, hashlib.blake2b(self._beginning, digest_size=8).hexdigest())

    def read(self, limit: int) -> list[str]:
        """The next complete lines; those of a file written anew from its beginning."""
        if self._was_rewritten():
            self._offset, self._beginning = 0, b""
        lines: list[bytes] = []
        while len(lines) < limit and (more := self._chunk(limit - len(lines))):
            lines += more
        if len(self._beginning) < _BEGINNING:
            self._beginning = self._first(self._offset)
        return [line.decode("utf-8", "surrogateescape") for line in lines]

    def _chunk(self, limit: int) -> list[bytes]:
        data = self._bytes(_CHUNK, self._offset)
        *lines, rest = data.split(b"\n", limit)
        if not lines and len(data) == _CHUNK:
            lines, rest = [data], b""
        self._offset += len(data) - len(rest)
        return lines

    def _was_rewritten(self) -> bool:
        return os.fstat(self._number).st_size < self._offset or self._first(self._offset) != self._beginning

    def _first(self, size: int) -> bytes:
        return self._bytes(min(size, _BEGINNING), 0)

    def _bytes(self, size: int, offset: int) -> bytes:
        return os.pread(self._number, size, offset)


class CompressedLogFile(LogFile):
    """A log file that was compressed: it is read, and never changes."""

    def __init__(self, number: int, offset: int) -> None:
        self._text = gzip.GzipFile(fileobj=os.fdopen(os.dup(number), "rb"))
        self._ahead, self._ahead_from = b"", 0
        super().__init__(number, offset)

    def close(self) -> None:
        """Let go of it."""
        self._text.close()
        super().close()

    def _was_rewritten(self) -> bool:
        return False

    def _bytes(self, size: int, offset: int) -> bytes:
        """What was unpacked and not used is kept: to go back is to unpack the file from its beginning."""
        with contextlib.suppress(OSError, EOFError, zlib.error):
            if not 0 <= offset - self._ahead_from <= len(self._ahead):
                self._ahead, self._ahead_from = b"", self._text.seek(offset)
            self._ahead, self._ahead_from = self._ahead[offset - self._ahead_from :], offset
            while len(self._ahead) < size and (more := self._text.read1(size)):
                self._ahead += more
        return self._ahead[:size] if self._ahead_from == offset else b""


def open_log(path: Path, offset: int = 0) -> LogFile | None:
    """The file at ``path``, to be read from ``offset``; None if there is none."""
    kind = CompressedLogFile if path.suffix == COMPRESSED else LogFile
    try:
        return kind(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), offset)
    except FileNotFoundError:
        return None
