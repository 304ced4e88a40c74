"""A destination in simulated time: how long it takes for a message, and what it says.

A delivery begins when it has a connection that is served (``concurrency``) and when it is its turn (``rate``); then
it takes its time. What the trace tells of a message is done again: so many seconds, so many times put off, refused.
The rest is drawn, from the message's own luck, so that two configurations meet the same.

Contract: :meth:`Server.serve` is asked in the order of time. Pure but for what it remembers.
"""

from __future__ import annotations

import heapq
import math
from statistics import NormalDist
from typing import Literal, NamedTuple

from lanes.simulate.mail import Mail
from lanes.simulate.world import Destination

Outcome = Literal["sent", "deferred", "bounced", "unreachable", "expired"]

_normal = NormalDist().inv_cdf
#: What is said where the trace does not tell, of an attempt that was put off, refused, or not even made.
PUT_OFF, REFUSED, UNREACHABLE = "4.7.1", "5.7.1", "4.4.1"


class Served(NamedTuple):
    """One attempt."""

    ends: float
    outcome: Outcome
    dsn: str = "2.0.0"


class Server:
    """One destination; ``began`` is when the trace does."""

    def __init__(self, terms: Destination, began: float, seed: int, *, replay: bool = True) -> None:
        self._terms = terms
        self._seed = seed
        self._replay = replay
        self._downs = [(began + one.after, began + one.after + one.lasts) for one in terms.down]
        self._slots: list[float] = []
        self._next = 0.0
        self._met: dict[str, float] = {}

    def serve(self, mail: Mail, now: float) -> Served:
        """An attempt that begins ``now``."""
        if any(start <= now < end for start, end in self._downs):
            return Served(now + self._terms.timeout, "unreachable", UNREACHABLE)
        outcome, dsn = self._says(mail, now)
        return Served(self._ends(now, self._seconds(mail)), outcome, dsn)

    def _seconds(self, mail: Mail) -> float:
        terms = self._terms
        if mail.seconds is not None and self._replay:
            return mail.seconds
        if not terms.spread:
            return terms.seconds
        lot = min(max(mail.lot(self._seed, "seconds"), 1e-9), 1 - 1e-9)
        return terms.seconds * math.exp(terms.spread * _normal(lot))

    def _ends(self, now: float, seconds: float) -> float:
        terms = self._terms
        if terms.concurrency and len(self._slots) >= terms.concurrency:
            now = max(now, heapq.heappop(self._slots))
        if terms.rate:
            now = max(now, self._next)
            self._next = now + 1 / terms.rate
        if terms.concurrency:
            heapq.heappush(self._slots, now + seconds)
        return now + seconds

    def _says(self, mail: Mail, now: float) -> tuple[Outcome, str]:
        terms = self._terms
        if self._replay and mail.tries < mail.deferrals:
            return "deferred", mail.dsn or PUT_OFF
        if terms.greylist and now < self._met.setdefault(mail.sender, now) + terms.greylist:
            return "deferred", PUT_OFF
        if terms.deferred and mail.lot(self._seed, "deferred") < terms.deferred:
            return "deferred", terms.dsn
        if (self._replay and mail.bounced) or (terms.bounced and mail.lot(self._seed, "bounced") < terms.bounced):
            return "bounced", REFUSED
        return "sent", "2.0.0"
