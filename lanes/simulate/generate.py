"""A synthetic day of mail: a daily shape, newsletters in campaigns, urgent mail in bursts.

- All mail follows the day: least at four in the morning (UTC), most at four in the afternoon, five times as much.
- **bulk** comes in campaigns: so many thousand messages (log-normal), handed in at a steady pace, each campaign by a
  sender of its own, to domains by Zipf's law: the second has half as many addresses as the first, the third a third.
- **normal** mail comes at random (a Poisson process), of many senders, to the same domains.
- **urgent** mail does so, too, but a fifth of it in bursts of a minute each, as when many log in at once.

Contract: the same arguments give the same mail. A ``part`` of a site's mail, as one of several MTAs has it, is every
campaign with so much fewer messages, not so much fewer campaigns.
"""

from __future__ import annotations

import heapq
import math
import random
from bisect import bisect
from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple

from lanes.simulate.trace import Row

_DAY = 86400.0
#: How much more than the mean comes in the busiest hour, as a part of it; the quietest has so much less.
_SWELL = 2 / 3
#: The busiest hour of the day.
_BUSIEST = 16.0
#: The part of urgent mail that comes in bursts, how many there are in an hour, and seconds that one lasts.
_IN_BURSTS, _BURSTS, _BURST = 0.2, 4, 60.0
#: A campaign: the median of its messages, how much that varies, and how many come a second.
_CAMPAIGN, _VARIES, _PACE = 5000, 1.0, 50.0
_SENDERS = 2000


class Day(NamedTuple):
    """What to make."""

    rate: float = 100.0
    """Messages a second, on average over a day."""
    seconds: float = _DAY
    urgent: float = 0.1
    """The part of mail that is urgent ..."""
    normal: float = 0.3
    """... and that is normal; the rest is bulk."""
    domains: int = 1000
    began: float = 1_700_000_000.0 // _DAY * _DAY
    """Unix time of its first second."""
    seed: int = 1
    part: float = 1.0
    """The part of the mail that is made."""


def generate(day: Day, lanes: tuple[str, str, str] = ("priority", "normal", "bulk")) -> Iterator[Row]:
    """The messages in order; ``lanes`` are the urgent, the normal and the bulk one."""
    return _Generator(day, lanes).rows()


class _Generator:
    def __init__(self, day: Day, lanes: tuple[str, str, str]) -> None:
        self._day = day
        self._lanes = lanes
        self._chance = random.Random(day.seed)  # noqa: S311 - no secret
        self._weights = list(accumulate(1 / rank for rank in range(1, day.domains + 1)))
        self._domains = [f"d{rank}.example" for rank in range(1, day.domains + 1)]
        self._campaigns: list[tuple[float, str]] = []
        """A heap, by when each ends."""
        self._count = 0
        self._bursts_end = 0.0

    def rows(self) -> Iterator[Row]:
        day = self._day
        for second in range(math.ceil(day.seconds)):
            at = day.began + second
            length = min(1.0, day.seconds - second)
            found = [*self._urgent(at, length), *self._normal(at, length), *self._bulk(at, length)]
            found.sort(key=_instant)
            yield from found

    def _shape(self, at: float) -> float:
        """How much more or less than on average comes at an instant."""
        hour = at % _DAY / 3600
        return 1 + _SWELL * math.cos((hour - _BUSIEST) / 24 * 2 * math.pi)

    def _urgent(self, at: float, length: float) -> Iterator[Row]:
        mean = self._day.rate * self._day.part * self._day.urgent * self._shape(at)
        chance, bursts = self._chance, _BURSTS * _BURST / 3600
        if chance.random() < _BURSTS / 3600:
            self._bursts_end = at + _BURST
        in_burst = mean * _IN_BURSTS / bursts if at < self._bursts_end else 0.0
        for moment in self._moments(at, length, mean * (1 - _IN_BURSTS) + in_burst):
            yield Row(moment, self._domain(), self._lanes[0], f"app{chance.randrange(_SENDERS)}@apps.example")

    def _normal(self, at: float, length: float) -> Iterator[Row]:
        mean = self._day.rate * self._day.part * self._day.normal * self._shape(at)
        for moment in self._moments(at, length, mean):
            sender = f"user{self._chance.randrange(_SENDERS)}@office.example"
            yield Row(moment, self._domain(), self._lanes[1], sender)

    def _bulk(self, at: float, length: float) -> Iterator[Row]:
        day, chance = self._day, self._chance
        mean = _CAMPAIGN * math.exp(_VARIES**2 / 2)
        wanted = day.rate * (1 - day.urgent - day.normal) * self._shape(at) / mean
        for _ in range(self._poisson(wanted * length)):
            self._count += 1
            ends = at + chance.lognormvariate(math.log(_CAMPAIGN), _VARIES) / _PACE
            heapq.heappush(self._campaigns, (ends, f"list{self._count}@news.example"))
        while self._campaigns and self._campaigns[0][0] <= at:
            heapq.heappop(self._campaigns)
        for _, sender in self._campaigns:
            for moment in self._moments(at, length, _PACE * day.part):
                yield Row(moment, self._domain(), self._lanes[2], sender)

    def _moments(self, at: float, length: float, mean: float) -> Iterator[float]:
        """At random in a second, so many on average."""
        chance = self._chance
        return (round(at + length * chance.random(), 3) for _ in range(self._poisson(mean * length)))

    def _domain(self) -> str:
        return self._domains[bisect(self._weights, self._chance.random() * self._weights[-1])]

    def _poisson(self, mean: float) -> int:
        """A Poisson number: Knuth's way, in pieces, since it counts down from ``exp(-mean)``."""
        count = 0
        while mean > 0:
            left, piece = 1.0, math.exp(-min(mean, 500.0))
            mean -= 500.0
            while (left := left * self._chance.random()) > piece:
                count += 1
        return count


def _instant(row: Row) -> float:
    return row.instant
