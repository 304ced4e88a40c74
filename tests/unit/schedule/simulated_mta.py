"""An MTA in simulated time: one queue, first come, first served, and so many deliveries at once."""

from __future__ import annotations

import heapq
import random
from collections import deque
from typing import NamedTuple


class Delivery(NamedTuple):
    """One message, delivered."""

    lane: str
    waited: float
    """Seconds in the queue before its delivery began: ``b`` in Postfix's log."""


class SimulatedMta:
    """``agents`` deliver at once, each taking ``seconds`` a message, half more or less; see :meth:`run`."""

    def __init__(self, agents: int, seconds: float) -> None:
        self.agents = agents
        self.seconds = seconds
        self._chance = random.Random(agents)
        self._queue: deque[tuple[str, float]] = deque()
        self._busy: list[tuple[float, Delivery]] = []

    @property
    def inflight(self) -> int:
        """Messages in it."""
        return len(self._queue) + len(self._busy)

    def accept(self, lane: str, count: int, now: float) -> None:
        """Take ``count`` messages in."""
        self._queue.extend([(lane, now)] * count)

    def run(self, start: float, end: float) -> list[Delivery]:
        """What is delivered in a stretch of time."""
        done: list[Delivery] = []
        now = start
        while True:
            while self._busy and self._busy[0][0] <= now:
                done.append(heapq.heappop(self._busy)[1])
            while self._queue and len(self._busy) < self.agents:
                lane, since = self._queue.popleft()
                ends = now + self.seconds * self._chance.uniform(0.5, 1.5)
                heapq.heappush(self._busy, (ends, Delivery(lane, now - since)))
            if not self._busy or self._busy[0][0] > end:
                return done
            now = self._busy[0][0]
