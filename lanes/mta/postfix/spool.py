"""Postfix's spool, by file name: where a message is, and how it is tried again at once.

Contract: a queue file is looked up by its path, which follows from its id and the instance's
``hash_queue_*`` settings; only :meth:`Spool.where` lists folders. Only :meth:`Spool.retry` and
:meth:`Spool.keep` change anything.

:meth:`Spool.retry` does with each file what flush(8) does for ``postqueue -i ID``: set its time
stamp to now, set the group-read bit by which qmgr(8) knows to forget that the destination was
dead, and move it from ``deferred`` to ``incoming``. The caller then wakes the queue manager once.
Done by ``postqueue -i`` it costs a process and a dialogue each, about 3 ms against 30 µs, which for
a bulk lane's deferred mail is minutes of CPU against seconds; and the queue manager reads
``incoming`` only, not everything that is deferred.

:meth:`Spool.keep` marks a file as kept on hold by an operator's order to us. The mark is in the spool,
since that outlives Redis (:data:`lanes.mta.postfix.queue_file.KEPT`).

Failure: :class:`~lanes.mta.port.MtaError` if the spool cannot be read, so that a closed or missing
spool is never taken for an empty one.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lanes.mta.port import MtaError, Queue
from lanes.mta.postfix import queue_file
from lanes.mta.postfix.queue_file import QueueFile
from lanes.mta.postfix.queue_id import hashed, valid

#: The way mail moves, so that a message that moves on while we look is met further on.
_WAY = (Queue.HOLD, Queue.INCOMING, Queue.DEFERRED, Queue.ACTIVE)
_FORGET_DEAD_DESTINATION = stat.S_IRGRP
#: Where Postfix writes down why a delivery failed, until the next try.
_FAILURES = "defer"


class Spool:
    """The spool under ``root``, of which the queues in ``hashed_queues`` have ``depth`` levels of folders."""

    def __init__(self, root: Path, hashed_queues: Iterable[str], depth: int) -> None:
        self._root = root
        hashed_names = set(hashed_queues)
        self._depth = {name: depth if name in hashed_names else 0 for name in (*Queue, _FAILURES)}

    def find(self, ids: Iterable[str]) -> dict[str, Queue]:
        """Where each valid id is. What is not met is looked for twice, since mail moves meanwhile."""
        with _readable(self._root):
            (self._root / Queue.HOLD).stat()
            asked = list(ids)
            found = self._look(asked)
            return found | self._look(id for id in asked if id not in found)

    def where(self) -> dict[str, Queue]:
        """Where every message is. Not a snapshot: one that moves on meanwhile may be missed."""
        with _readable(self._root):
            return {id: queue for queue in _WAY for id in _ids(self._root / queue, self._depth[queue])}

    def read(self, ids: Iterable[str]) -> list[tuple[str, Queue, QueueFile]]:
        """The queue files of valid ids, and where they are; what is not there, or unreadable, is left out."""
        with _readable(self._root):
            (self._root / Queue.HOLD).stat()
            return [met for id in ids if (met := self._read(id))]

    def tried(self, id: str) -> bool:
        """Whether Postfix has tried to deliver a message, in vain, and so had it off hold."""
        with _readable(self._root):
            return _exists(self.path(_FAILURES, id))

    def retry(self, ids: Iterable[str]) -> int:
        """Have deferred messages ready for the queue manager's next look; how many there were."""
        with _readable(self._root):
            return sum(map(self._retry, ids))

    def keep(self, ids: Iterable[str]) -> int:
        """Mark messages on hold as kept there by order; how many there were."""
        with _readable(self._root):
            return sum(_mark(self.path(Queue.HOLD, id), queue_file.KEPT) for id in ids)

    def path(self, queue: str, id: str) -> Path:
        """The file of a valid id in a queue, there or not."""
        return Path(self._root, queue, hashed(id, self._depth[queue]), id)

    def _read(self, id: str) -> tuple[str, Queue, QueueFile] | None:
        for queue in _WAY:
            if file := queue_file.read(self.path(queue, id)):
                return id, queue, file
        return None

    def _look(self, ids: Iterable[str]) -> dict[str, Queue]:
        met = ((id, queue) for id in ids for queue in _WAY if _exists(self.path(queue, id)))
        return dict(met)

    def _retry(self, id: str) -> bool:
        deferred = self.path(Queue.DEFERRED, id)
        if ready := _mark(deferred, _FORGET_DEAD_DESTINATION, now=True):
            # Not there any more: the queue manager took it up itself.
            with contextlib.suppress(FileNotFoundError):
                deferred.rename(self.path(Queue.INCOMING, id))
        return ready


def _mark(path: Path, bit: int, *, now: bool = False) -> bool:
    """Set a mode bit, and the time stamp to ``now``; False if this is not a finished queue file.

    Works on the open file and wants exactly one link, so that a name swapped under us cannot make
    us, as root, change a file outside the spool.
    """
    with queue_file.opened(path) as file:
        if file is None or (found := os.fstat(file)).st_nlink != 1:
            return False
        if now:
            os.utime(file)
        os.fchmod(file, stat.S_IMODE(found.st_mode) | bit)
        return True


def _ids(folder: Path, depth: int) -> Iterator[str]:
    """The ids under a folder that has so many levels of folders."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if depth:
                yield from _ids(Path(entry.path), depth - 1)
            elif valid(entry.name):
                yield entry.name


def _exists(path: Path) -> bool:
    """Unlike :meth:`Path.exists`, raises if a folder on the way is closed to us."""
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    return True


@contextmanager
def _readable(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise MtaError(f"cannot work on the spool {root}: {error}") from error
