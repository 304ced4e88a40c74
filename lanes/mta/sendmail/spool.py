"""Sendmail's queue, by file name: where a message is.

The queue is one directory or several (``QueueDirectory`` with ``*``, queue groups below it), each with its files
or with subdirectories ``qf``, ``df`` and ``xf`` for them. ``hf<id>`` is a message on hold, ``qf<id>`` one that waits
or is being delivered: then a Sendmail holds a lock on the file, and the kernel tells which files are locked
(proc_locks(5)). Trying the lock ourselves would make Sendmail skip the message.

Contract: only reads. Files that are lost (``Qf``), and what is being written (``tf``), are not there.

Failure: :class:`~lanes.mta.port.MtaError` if the queue cannot be read, so that a closed or missing one is never
taken for an empty one.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lanes.mta.port import MtaError, Queue
from lanes.mta.sendmail import queue_file
from lanes.mta.sendmail.queue_file import QueueFile
from lanes.mta.sendmail.queue_id import valid

HELD, WAITING = "hf", "qf"
"""What the file of a message is called, before its id, on hold and not."""

_LOCKS = Path("/proc/locks")


class Spool:
    """The queue under ``pattern``, a directory or several."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern

    def find(self, ids: Iterable[str]) -> dict[str, Queue]:
        """Where each valid id is. What is not met is looked for twice, since mail moves meanwhile."""
        asked = list(ids)
        with self._readable():
            folders, locked = self._folders(), _locked()
            found = _look(folders, asked, locked)
            return found | _look(folders, (id for id in asked if id not in found), locked)

    def where(self) -> dict[str, Queue]:
        """Where every message is. Not a snapshot: one that moves on meanwhile may be missed."""
        with self._readable():
            locked = _locked()
            return {id: queue for folder in self._folders() for id, queue in _messages(folder, locked)}

    def read(self, ids: Iterable[str]) -> Iterator[tuple[str, Queue, QueueFile]]:
        """The queue files of valid ids, and where they are; what is not there, or unreadable, is left out."""
        with self._readable():
            folders, locked = self._folders(), _locked()
            for id in ids:
                for path, queue in _paths(folders, id, locked):
                    if file := queue_file.read(path):
                        yield id, queue, file
                        break

    def _folders(self) -> list[Path]:
        """The folders that have queue files in them; raises :class:`OSError` if there is none."""
        roots = sorted(root for root in Path("/").glob(self._pattern.strip("/")) if root.is_dir())
        if not roots:
            raise FileNotFoundError(f"no such directory: {self._pattern}")
        return [folder if (folder := root / "qf").is_dir() else root for root in roots]

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise MtaError(f"cannot read the queue {self._pattern}: {error}") from error


def _look(folders: Iterable[Path], ids: Iterable[str], locked: frozenset[int]) -> dict[str, Queue]:
    found = ((id, next(_paths(folders, id, locked), None)) for id in ids)
    return {id: place[1] for id, place in found if place}


def _paths(folders: Iterable[Path], id: str, locked: frozenset[int]) -> Iterator[tuple[Path, Queue]]:
    """The message's file, on its way from hold on."""
    for letters in (HELD, WAITING):
        for folder in folders:
            path = folder / f"{letters}{id}"
            with suppress(FileNotFoundError):
                yield path, _queue(letters, path.lstat().st_ino, locked)


def _messages(folder: Path, locked: frozenset[int]) -> Iterator[tuple[str, Queue]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            letters, id = entry.name[:2], entry.name[2:]
            if letters in (HELD, WAITING) and valid(id):
                yield id, _queue(letters, entry.inode(), locked)


def _queue(letters: str, inode: int, locked: frozenset[int]) -> Queue:
    if letters == HELD:
        return Queue.HOLD
    return Queue.ACTIVE if inode in locked else Queue.DEFERRED


def _locked() -> frozenset[int]:
    """Inodes of files that somebody has locked, on any file system: one of another is a file of ours by chance only.

    Where the kernel does not tell, nothing is known to be locked, and what is being delivered seems to wait.
    """
    try:
        told = _LOCKS.read_text("ascii", "replace")
    except FileNotFoundError:
        return frozenset()
    fields = (line.split() for line in told.splitlines())
    places = (field[5] for field in fields if len(field) > 5 and field[1] != "->")
    inodes = (place.rpartition(":")[2] for place in places)
    return frozenset(int(inode) for inode in inodes if inode.isdigit())
