"""Following a log file that grows, and that is put aside when it has grown enough.

Contract: every complete line is given once, in order, with the :class:`Place` after it, which the
caller stores and comes back with, at once or after days. Survived are:

- *rotation by renaming*, seen or not: a file is known by its inode, and read to its end before its
  successor. The old one is left only when the new one has something in it: until then the writer may
  still be at the old one. After a time away, the old file is looked for under the names that rotation
  gives (``NAME.1``, ``NAME-20261124``), and any in between are read, too;
- *truncation* (``copytruncate``), and an inode that was given to another file: seen by the file's
  size, and by a digest of its beginning;
- *a missing file*: nothing to read yet;
- *a half-written last line*: not a line yet. In a file that was put aside it never becomes one.

Nothing waits: what is there is read, and the caller asks again. Bytes that are not UTF-8 come as
lone surrogates (PEP 383).

Failure: :class:`OSError` if a file that is there cannot be read. If rotation was missed *and* the
old file was compressed or deleted meanwhile, what it still held is not told; the reading goes on at
the beginning of the present file.
"""

from __future__ import annotations

import glob
import hashlib
import os
import re
from pathlib import Path
from typing import NamedTuple, Self

_CHUNK = 1 << 18
"""Bytes read at once; a longer line is given in pieces."""
_BEGINNING = 256
"""Bytes of a file's beginning by which it is known again."""
_PUT_ASIDE = re.compile(r"[.-]\d[\d.-]*(\.gz)?")
"""What rotation appends to a file's name, and then compression by gzip(1)."""


class Place(NamedTuple):
    """A place between two lines of one file."""

    inode: int
    offset: int
    """Bytes from the file's beginning."""
    beginning: str
    """Digest of the file's first bytes, up to ``offset`` but not more than 256."""


def put_aside(path: Path) -> list[Path]:
    """The log's files that rotation put aside, those compressed by gzip(1) as well, the oldest first."""
    return [name for name, _ in _put_aside(path, compressed=True)]


class Batch(NamedTuple):
    """Some complete lines, without their line ends, and the place after them."""

    lines: list[str]
    place: Place | None
    """None while there never was a file."""


class Follower:
    """Reads on from a place; without one, from the beginning of the file at ``path``."""

    def __init__(self, path: Path, place: Place | None = None) -> None:
        self._path = path
        self._place = place
        self._file: _File | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; the next :meth:`read` finds it again."""
        if self._file:
            self._file.close()
        self._file = None

    def read(self, limit: int = 1000) -> Batch:
        """The next lines, at most ``limit``; fewer once the end is reached, none if there is nothing new."""
        file = self._file = self._file or self._find()
        if not file:
            return Batch([], self._place)
        # Asked for before reading: once the successor has something in it, the old file has all it will get.
        successor = _successor(self._path, file.inode)
        lines = file.read(limit)
        if successor and not lines:
            self.close()
            file = self._file = _open(successor)
            lines = file.read(limit) if file else []
        self._place = file.place() if file else self._place
        return Batch(lines, self._place)

    def _find(self) -> _File | None:
        """The file of our place, wherever it is by now; else the present one, from its beginning."""
        if place := self._place:
            for path, found in _generations(self._path):
                if found.st_ino == place.inode and (file := _open(path, place.offset)):
                    if file.place() == place:
                        return file
                    file.close()
        return _open(self._path)


class _File:
    """An open log file, and how far it was read."""

    def __init__(self, number: int, offset: int) -> None:
        self._number = number
        self._offset = offset
        self._beginning = self._first(offset)
        self.inode = os.fstat(number).st_ino

    def close(self) -> None:
        os.close(self._number)

    def place(self) -> Place:
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
        data = os.pread(self._number, _CHUNK, self._offset)
        *lines, rest = data.split(b"\n", limit)
        if not lines and len(data) == _CHUNK:
            lines, rest = [data], b""
        self._offset += len(data) - len(rest)
        return lines

    def _was_rewritten(self) -> bool:
        return os.fstat(self._number).st_size < self._offset or self._first(self._offset) != self._beginning

    def _first(self, size: int) -> bytes:
        return os.pread(self._number, min(size, _BEGINNING), 0)


def _open(path: Path, offset: int = 0) -> _File | None:
    try:
        return _File(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), offset)
    except FileNotFoundError:
        return None


def _successor(path: Path, inode: int) -> Path | None:
    """The file that was begun after the one with ``inode`` and has something in it; None if none has."""
    if not (present := _stat(path)) or present.st_ino == inode:
        return None
    generations = _generations(path)
    inodes = [found.st_ino for _, found in generations]
    later = generations[inodes.index(inode) + 1 :] if inode in inodes else [(path, present)]
    return next((name for name, found in later if found.st_size), None)


def _generations(path: Path) -> list[tuple[Path, os.stat_result]]:
    """The log's files, put aside and present, the oldest first."""
    present = _stat(path)
    return [*_put_aside(path, compressed=False), *([(path, present)] if present else [])]


def _put_aside(path: Path, *, compressed: bool) -> list[tuple[Path, os.stat_result]]:
    names = path.parent.glob(f"{glob.escape(path.name)}*")
    matches = ((name, _PUT_ASIDE.fullmatch(name.name.removeprefix(path.name))) for name in names)
    aside = (name for name, match in matches if match and (compressed or not match[1]))
    return sorted(((name, known) for name in aside if (known := _stat(name))), key=lambda file: file[1].st_mtime_ns)


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None
