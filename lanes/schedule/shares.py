"""How the room is shared among the lanes.

First every lane with a share is brought up to it; what room is left goes to whoever is most
urgent. No lane waits for another's idle share.

A share is of the *window*, not of the room of one tick: a lane is below its share while it
occupies (releasing or in flight) less than ``share * window``, rounded up. That is what makes
the guarantee hold without a memory, also when a tick has room for one message only: the credit that
a deficit scheduler would have to remember is there to be seen, in what each lane occupies. If the
room is too small for all that is owed, the lane that occupies the smallest part of its share comes
first, so:

- a lane with demand that occupies nothing is overtaken only by others that occupy nothing, and once
  served each of these occupies something until the MTA has delivered it: even with room for one
  message a tick it is served within as many ticks as there are lanes with a share;
- in a steady state a lane with enough demand keeps at least its share of the window occupied, hence
  (Little's law) has its share of what the MTA delivers, if its mail stays there as long as others';
- a lane whose mail stays longer, since its destinations are slow, has no more than its share for
  sure, and so cannot take the window away from the others.

Where two occupy the same part of their shares (in a window smaller than the number of lanes: none
of it), the mail that waited longest comes first, so that the same lane does not always win.

What is passed unheld (``hold = "never"``) is in flight without having been granted. Should it fill
the whole window, there is no room to share, until the MTA has caught up or the lane's ``max_size``
sends the overflow elsewhere: the guarantee is among mail that is held.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence

from lanes.schedule.line import Candidate


class Line:
    """A lane's candidates, granted from the front; a candidate may be granted in parts."""

    def __init__(self, candidates: Sequence[Candidate], share: float, occupied: int, most: int = 0) -> None:
        """``occupied`` messages of the lane fill the window already; ``most`` may, 0 being any number."""
        self.share = share
        self.occupied = occupied
        self._candidates = candidates
        demand = sum(candidate.amount for candidate in candidates)
        self._demand = min(demand, max(most - occupied, 0)) if most else demand
        self._granted = self._at = self._part = 0

    @property
    def demand(self) -> int:
        """How many messages more could be granted."""
        return self._demand - self._granted

    @property
    def front(self) -> Candidate:
        """The first candidate that is not granted in full."""
        return self._candidates[self._at]

    @property
    def ahead(self) -> int:
        """How many messages of the front candidate are not granted."""
        return self.front.amount - self._part

    def grant(self, count: int) -> None:
        """Let ``count`` more messages go, at most :attr:`demand`."""
        self._granted += count
        while count and count >= self.ahead:
            count -= self.ahead
            self._at, self._part = self._at + 1, 0
        self._part += count

    def granted(self) -> Iterator[tuple[Candidate, int]]:
        """Each candidate that goes, and how much of it."""
        for candidate in self._candidates[: self._at]:
            yield candidate, candidate.amount
        if self._part:
            yield self.front, self._part


def share_out(lines: Sequence[Line], room: int, window: int) -> None:
    """Grant at most ``room`` messages in all."""
    room -= _guarantees(lines, room, window)
    while room and (waiting := [line for line in lines if line.demand]):
        line = min(waiting, key=lambda one: one.front.urgency)
        count = min(room, line.ahead, line.demand)
        line.grant(count)
        room -= count


def _guarantees(lines: Sequence[Line], room: int, window: int) -> int:
    """Bring the lanes up to their shares, the most deprived first; how many messages that took."""
    deprived = [_deprivation(lines, index, window) for index in range(len(lines)) if _is_deprived(lines[index], window)]
    heapq.heapify(deprived)
    used = 0
    while deprived and used < room:
        _, _, index = heapq.heappop(deprived)
        lines[index].grant(1)
        lines[index].occupied += 1
        used += 1
        if _is_deprived(lines[index], window):
            heapq.heappush(deprived, _deprivation(lines, index, window))
    return used


def _is_deprived(line: Line, window: int) -> bool:
    return line.demand > 0 and line.occupied < line.share * window


def _deprivation(lines: Sequence[Line], index: int, window: int) -> tuple[float, float, int]:
    """Sorts the lane that occupies the least part of its share to the front."""
    line = lines[index]
    return line.occupied / (line.share * window), line.front.accepted, index
