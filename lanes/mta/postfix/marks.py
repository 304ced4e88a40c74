"""What messages in the spool say of themselves, and whose hold they are on.

A hold is our filter's if the message says so in a header that no sender can forge, and if it never
left that hold: nobody has released it or put it on hold by hand, as far as the log tells, and Postfix
has never tried to deliver it, as the spool tells. One sign to the contrary is enough, for the one thing
that must not happen is that somebody else's hold is taken for ours.

Contract: of each chunk the files are read first and the log after that, so that a hold that was seen is
also told, if it is told at all. The log is read only if a message claims to be on our hold.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

from lanes.message import ALERT_HEADER, DEADLINE_HEADER, HOLD_HEADER, LANE_HEADER, ROUTE_HEADER
from lanes.mta.headers import added, below_received, first
from lanes.mta.port import Hold, Marks, Queue
from lanes.mta.postfix.by_hand import ByHand
from lanes.mta.postfix.queue_file import QueueFile
from lanes.mta.postfix.spool import Spool

_CHUNK = 1000


def look(spool: Spool, ids: Iterable[str], by_hand: ByHand, mta: str, *,
         is_behind: bool = False) -> Iterator[tuple[str, Marks]]:
    """The marks of those valid ``ids`` that are in the spool; ``mta`` is our filter's name for its holds.

    In an instance that ``is_behind`` the filter's, what it said stands below the ``Received`` of this one, and a hold
    of which it tells is over: whatever is on hold here, others put there.
    """
    rest = iter(ids)
    while chunk := list(itertools.islice(rest, _CHUNK)):
        found = [(id, queue, _handed_on(file) if is_behind else file) for id, queue, file in spool.read(chunk)]
        claimed = {id: file.arrived for id, queue, file in found if queue is Queue.HOLD and not is_behind
                   and added(file.headers, HOLD_HEADER) == mta}
        if claimed:
            by_hand.read(min(claimed.values()))
        for id, queue, file in found:
            untouched = id in claimed and not by_hand.touched(id, file.arrived) and not spool.tried(id)
            yield id, _marks(queue, file, _hold(queue, file, untouched))


def others(spool: Spool, ids: Iterable[str], mta: str, *, is_behind: bool = False) -> set[str]:
    """Those of the valid ``ids`` whose file says that they are on a hold that never was ours.

    Cheaper than :func:`look`, since no log is read: so it does not tell of a hold that began as ours and is another's
    by now. A file that cannot be read says nothing.
    """
    return {id for id, queue, file in spool.read(ids) if queue is Queue.HOLD and not file.kept
            and (is_behind or added(file.headers, HOLD_HEADER) != mta)}


def _handed_on(file: QueueFile) -> QueueFile:
    """As it was in the instance before this one, which wrote a ``Received`` on top when it took the message."""
    return file._replace(headers=below_received(file.headers))


def _hold(queue: Queue, file: QueueFile, untouched: bool) -> Hold | None:
    if queue is not Queue.HOLD:
        return None
    if file.kept:
        return Hold.KEPT
    return Hold.OURS if untouched else Hold.OTHER


def _marks(queue: Queue, file: QueueFile, hold: Hold | None) -> Marks:
    said = (added(file.headers, name) for name in (LANE_HEADER, DEADLINE_HEADER, ROUTE_HEADER, ALERT_HEADER))
    return Marks(queue, hold, file.arrived, file.sender, file.recipients, first(file.headers, "Subject"), *said)
