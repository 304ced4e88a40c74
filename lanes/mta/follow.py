"""Following a log file that grows, and that is put aside when it has grown enough.

Contract: every complete line is given once, in order, with the :class:`Place` after it, which the
caller stores and comes back with, at once or after days. Survived are:

- *rotation by renaming*, seen or not: a file is known by its inode, and read to its end before its
  successor. The old one is left only when the new one has something in it: until then the writer may
  still be at the old one. A writer that is late (Postfix starts a new postlogd(8) before the last one has
  ended) may write to the old one even after that: an eye is kept on it until the next rotation, or until it
  is removed. After a time away, the old file is looked for under the names that rotation gives (``NAME.1``,
  ``NAME-20261124``), and any in between are read, too;
- *compression* by gzip(1) while away: a compressed file is known by its beginning, so some of it has to
  have been read before;
- *truncation* (``copytruncate``), and an inode that was given to another file: seen by the file's
  size, and by a digest of its beginning;
- *a missing file*: nothing to read yet;
- *a half-written last line*: not a line yet. In a file that was put aside it never becomes one.

Nothing waits: what is there is read, and the caller asks again. Bytes that are not UTF-8 come as
lone surrogates (PEP 383).

Failure: :class:`OSError` if a file that is there cannot be read. If rotation was missed *and* the old
file is gone, what it still held is not told; the reading goes on at the beginning of the present file.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, Self

from lanes.mta.log_file import COMPRESSED, LogFile, Place, open_log
from lanes.mta.port import Stretch

__all__ = ["Batch", "FileLog", "Follower", "Place", "put_aside"]

_PUT_ASIDE = re.compile(rf"[.-]\d[\d.-]*({re.escape(COMPRESSED)})?")
"""What rotation appends to a file's name, and then compression."""


def put_aside(path: Path, since: float = 0.0) -> list[Path]:
    """The log's files that rotation put aside, those that were compressed as well, the oldest first.

    Of these, the ones that were written to ``since`` (Unix time in seconds), and the last one, whatever its time stamp.
    """
    found = _put_aside(path)
    return [name for name, known in found[:-1] if known.st_mtime >= since] + [name for name, _ in found[-1:]]


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
        self._file: LogFile | None = None
        self._left: LogFile | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; the next :meth:`read` finds it again."""
        for file in (self._file, self._left):
            if file:
                file.close()
        self._file = self._left = None

    def read(self, limit: int = 1000) -> Batch:
        """The next lines, at most ``limit``; fewer once the end is reached, none if there is nothing new."""
        self._file = self._file or self._find()
        lines = self._late(limit)
        while self._file:
            # Asked for before reading: once the successor has something in it, its writer has left the old file.
            successor = _successor(self._path, self._file.inode)
            lines += self._file.read(limit - len(lines))
            self._place = self._file.place()
            if len(lines) >= limit or not successor:
                break
            self._leave()
            self._file = open_log(successor)
        return Batch(lines, self._place)

    def _late(self, limit: int) -> list[str]:
        """What was written to the last file since it was left. One that is removed takes up the disk while open."""
        if not self._left:
            return []
        lines = self._left.read(limit)
        if not lines and self._left.removed():
            self._left.close()
            self._left = None
        return lines

    def _leave(self) -> None:
        if self._left:
            self._left.close()
        self._file, self._left = None, self._file

    def _find(self) -> LogFile | None:
        """The file of our place, wherever it is by now; else the present one, from its beginning."""
        if place := self._place:
            for path in _candidates(self._path, place):
                if file := open_log(path, place.offset):
                    if _beginning(file.place()) == _beginning(place):
                        return file
                    file.close()
        return open_log(self._path)


class FileLog:
    """A log file as :class:`~lanes.mta.port.Log`; ``place`` is what was stored of it."""

    def __init__(self, path: Path, place: Mapping[str, str]) -> None:
        self._follower = Follower(path, _stored(place))

    def read(self, limit: int) -> Stretch:
        """The next lines, at most ``limit``."""
        lines, place = self._follower.read(limit)
        fields = {field: str(value) for field, value in place._asdict().items()} if place else {}
        return Stretch(lines, fields, len(lines) < limit)

    def close(self) -> None:
        """Let go of the file."""
        self._follower.close()


def _stored(place: Mapping[str, str]) -> Place | None:
    """A stored place; None where there is none, or where it is not one."""
    try:
        return Place(int(place["inode"]), int(place["offset"]), place["beginning"])
    except (KeyError, ValueError):
        return None


def _candidates(path: Path, place: Place) -> Iterator[Path]:
    """Files that may be the one of a place: by inode; or compressed meanwhile, which makes another inode."""
    generations = _generations(path)
    yield from (name for name, found in generations if found.st_ino == place.inode)
    yield from (name for name, _ in reversed(generations) if name.suffix == COMPRESSED and place.offset)


def _beginning(place: Place) -> tuple[int, str]:
    return place.offset, place.beginning


def _successor(path: Path, inode: int) -> Path | None:
    """The file that was begun after the one with ``inode`` and has something in it; None if none has."""
    if not (present := _stat(path)) or present.st_ino == inode:
        return None
    generations = _generations(path)
    inodes = [found.st_ino for _, found in generations]
    later = generations[inodes.index(inode) + 1 :] if inode in inodes else [(path, present)]
    return next((name for name, found in later if found.st_size), None)


def _generations(path: Path) -> list[tuple[Path, os.stat_result]]:
    """The log's files, put aside and present, the oldest first; while one is being compressed, as it was."""
    present = _stat(path)
    aside = _put_aside(path)
    names = {name for name, _ in aside}
    whole = [file for file in aside if file[0].suffix != COMPRESSED or file[0].with_suffix("") not in names]
    return [*whole, *([(path, present)] if present else [])]


def _put_aside(path: Path) -> list[tuple[Path, os.stat_result]]:
    names = path.parent.glob(f"{glob.escape(path.name)}*")
    aside = (name for name in names if _PUT_ASIDE.fullmatch(name.name.removeprefix(path.name)))
    return sorted(((name, known) for name in aside if (known := _stat(name))), key=lambda file: file[1].st_mtime_ns)


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None
