"""What an overloaded lane does: save what can be saved.

Earliest deadline first serves as long as all deadlines can be met. Once they cannot, it serves the
latest mail first, and so makes all the other mail late as well. So when more mail of a lane is
overdue than fits into the window (less is cleared within one turnover of the window, and simply goes
first), the lane's line changes: nine places of ten are for the earliest deadlines that can still
be met, and the tenth is for overdue mail, so that it keeps moving, too.

Among messages of equal size, serving the earliest deadline that can still be met is the best that
can be done (Glover, 1967; see ``tests/bench/deadlines.py``); the tenth place is what we pay for
not forgetting anybody.

The places go round by a lot that the ids at the two fronts decide: in a lane that gets one place at a
time, the tenth place comes along as often as elsewhere, without a memory of the last time. Whoever
is served changes the lot.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, repeat

from msgspec.structs import replace

from lanes.schedule.line import Candidate

#: One place of so many is for overdue mail.
EVERY = 10


def triage(late: Sequence[Candidate], timely: Sequence[Candidate], room: int) -> list[Candidate]:
    """The line of a lane of which more is late than can be made good: at most ``room`` places."""
    return list(islice(_interleave(_one_by_one(late), _one_by_one(timely), _lot(late, timely)), room))


def _interleave(overdue: Iterator[Candidate], saved: Iterator[Candidate], start: int) -> Iterator[Candidate]:
    """An overdue message before every ninth timely one, from the ``start``-th on, and as urgent."""
    for number, one in enumerate(saved):
        if number >= start and (number - start) % (EVERY - 1) == 0 and (other := next(overdue, None)):
            yield replace(other, place=one.place, deadline=one.deadline, accepted=one.accepted)
        yield one
    yield from overdue


def _one_by_one(candidates: Iterable[Candidate]) -> Iterator[Candidate]:
    for one in candidates:
        yield from repeat(replace(one, amount=1), one.amount)


def _lot(late: Sequence[Candidate], timely: Sequence[Candidate]) -> int:
    """How many timely messages go before the first overdue one: 0 to ``EVERY - 1``."""
    fronts = repr([(one.domain, one.ids[:1], one.deadline) for one in (*late[:1], *timely[:1])])
    return zlib.crc32(fronts.encode("utf-8", "surrogateescape")) % EVERY
