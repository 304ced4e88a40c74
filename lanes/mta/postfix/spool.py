"""Postfix's spool, by file name: where a message is, and how it is tried again at once.

Contract: a queue file is looked up by its path, which follows from its id and the instance's
``hash_queue_*`` settings; folders are never listed. Only :meth:`Spool.retry` changes anything.

:meth:`Spool.retry` does with each file what flush(8) does for ``postqueue -i ID``: set its time
stamp to now, set the group-read bit by which qmgr(8) knows to forget that the destination was
dead, and move it from ``deferred`` to ``incoming``. The caller then wakes the queue manager once.
Done by ``postqueue -i`` it costs a process and a dialogue each, about 3 ms against 30 µs, which for
a bulk lane's deferred mail is minutes of CPU against seconds; and the queue manager reads
``incoming`` only, not everything that is deferred.

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
from lanes.mta.postfix.queue_id import hashed

#: The way mail moves, so that a message that moves on while we look is met further on.
_WAY = (Queue.HOLD, Queue.INCOMING, Queue.DEFERRED, Queue.ACTIVE)
_READY = stat.S_IRUSR | stat.S_IWUSR | stat.S_IXUSR
_FORGET_DEAD_DESTINATION = stat.S_IRGRP


class Spool:
    """The spool under ``root``, of which the queues in ``hashed_queues`` have ``depth`` levels of folders."""

    def __init__(self, root: Path, hashed_queues: Iterable[str], depth: int) -> None:
        self._root = root
        hashed_names = set(hashed_queues)
        self._depth = {queue: depth if queue in hashed_names else 0 for queue in Queue}

    def find(self, ids: Iterable[str]) -> dict[str, Queue]:
        """Where each valid id is. What is not met is looked for twice, since mail moves meanwhile."""
        with _readable(self._root):
            (self._root / Queue.HOLD).stat()
            asked = list(ids)
            found = self._look(asked)
            return found | self._look(id for id in asked if id not in found)

    def retry(self, ids: Iterable[str]) -> int:
        """Have deferred messages ready for the queue manager's next look; how many there were."""
        with _readable(self._root):
            return sum(map(self._retry, ids))

    def path(self, queue: Queue, id: str) -> Path:
        """The file of a valid id in a queue, there or not."""
        return Path(self._root, queue, hashed(id, self._depth[queue]), id)

    def _look(self, ids: Iterable[str]) -> dict[str, Queue]:
        met = ((id, queue) for id in ids for queue in _WAY if _exists(self.path(queue, id)))
        return dict(met)

    def _retry(self, id: str) -> bool:
        deferred = self.path(Queue.DEFERRED, id)
        try:
            file = os.open(deferred, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            ready = _mark(file)
        finally:
            os.close(file)
        if ready:
            # Not there any more: the queue manager took it up itself.
            with contextlib.suppress(FileNotFoundError):
                deferred.rename(self.path(Queue.INCOMING, id))
        return ready


def _mark(file: int) -> bool:
    """Mark an open queue file as due; False if it is not a finished queue file.

    Works on the open file and wants exactly one link, so that a name swapped under us cannot make
    us, as root, change a file outside the spool.
    """
    found = os.fstat(file)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1 or found.st_mode & _READY != _READY:
        return False
    os.utime(file)
    os.fchmod(file, stat.S_IMODE(found.st_mode) | _FORGET_DEAD_DESTINATION)
    return True


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
