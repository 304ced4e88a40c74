"""What a lane delivered in a stretch of time: a minute, or as many as one likes, since periods add up.

A period is a handful of counts by field, as a minute's hash in Redis and a row of history hold them:

==================  =========================================================================
``<letter><n>``     messages in bucket *n* (:mod:`lanes.sla.histogram`) of a :class:`Measure`
``ms``              the sum of all queue times in milliseconds
``missed``          messages that came after their deadline
==================  =========================================================================

Contract: pure. Counted are messages that were delivered to all their recipients; bounces, and what the MTA
gave up, are counted elsewhere. Durations are seconds, instants Unix time. Failure: none; a field that is
none of these (Redis is not trusted to hold only what we wrote) is left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

from lanes.config.model import Lane
from lanes.sla.histogram import bucket, percentile


class Measure(StrEnum):
    """What is measured of each message; the value is the fields' letter."""

    QUEUE = "q"
    """From acceptance to the last delivery."""
    HELD = "h"
    """On hold by us; only of messages that were."""
    MTA = "m"
    """The rest of the queue time: with the MTA."""
    LATENESS = "l"
    """How long after it was due (:func:`due`) a held message was released; 0 if before."""


class Delivery(NamedTuple):
    """One message, delivered."""

    queue: float
    kept: bool
    """Whether it came by its deadline."""
    held: float | None = None
    """None: it was never on hold by us."""
    lateness: float | None = None


_MS, _MISSED = "ms", "missed"
_FIELD = re.compile(rf"[{''.join(Measure)}]-?\d{{1,4}}|{_MS}|{_MISSED}", re.ASCII)
_COUNT = re.compile(rb"\d{1,18}")


class Period:
    """The counts of a stretch of time."""

    def __init__(self, fields: Mapping[str, int] | None = None) -> None:
        self.fields: Counter[str] = Counter(fields or {})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Period) and self.fields == other.fields

    __hash__ = None  # type: ignore[assignment] # it grows

    @classmethod
    def read(cls, *minutes: Mapping[bytes, bytes]) -> Period:
        """A minute's hash, or many as one."""
        counts: Counter[bytes] = Counter()
        for stored in minutes:
            for field, count in stored.items():
                if _COUNT.fullmatch(count):
                    counts[field] += int(count)
        text = ((field.decode("utf-8", "replace"), count) for field, count in counts.items())
        return cls({field: count for field, count in text if _FIELD.fullmatch(field)})

    @classmethod
    def of(cls, delivery: Delivery) -> Period:
        """One message alone."""
        taken = {Measure.QUEUE: delivery.queue, Measure.HELD: delivery.held, Measure.LATENESS: delivery.lateness,
                 Measure.MTA: max(delivery.queue - (delivery.held or 0.0), 0.0)}
        fields = {f"{measure}{bucket(seconds)}": 1 for measure, seconds in taken.items() if seconds is not None}
        missed = {} if delivery.kept else {_MISSED: 1}
        return cls({**fields, _MS: max(round(delivery.queue * 1000), 0), **missed})

    @classmethod
    def merged(cls, parts: Iterable[Period]) -> Period:
        """All of them as one."""
        whole = cls()
        for part in parts:
            whole.fields.update(part.fields)
        return whole

    def histogram(self, measure: Measure) -> Counter[int]:
        """Messages by bucket."""
        return Counter({int(field[1:]): count for field, count in self.fields.items()
                        if field[0] == measure and field not in (_MS, _MISSED)})

    def percentile(self, measure: Measure, q: float) -> float | None:
        """The ``q`` quantile (0 to 1) in seconds, within 1 %; None if nothing was measured."""
        return percentile(self.histogram(measure), q)

    @property
    def messages(self) -> int:
        """How many were delivered."""
        return sum(count for field, count in self.fields.items() if field[0] == Measure.QUEUE)

    @property
    def missed(self) -> int:
        """How many of them after their deadline."""
        return self.fields[_MISSED]

    @property
    def seconds(self) -> float:
        """The sum of all queue times, exact to the millisecond."""
        return self.fields[_MS] / 1000

    @property
    def mean(self) -> float | None:
        """The average queue time in seconds, exact to the millisecond."""
        messages = self.messages
        return self.seconds / messages if messages else None


def due(lane: Lane, domain: str, accepted: float, deadline: float) -> float:
    """When a held message is to be released at the latest, if the lane keeps its word.

    That is when its slack is down to ``lead``, or in a batched lane when it has waited ``max_wait``.
    """
    near = max(deadline - lane.lead, accepted)
    return min(near, accepted + lane.batch.of(domain).max_wait) if lane.batch else near
