"""What is known of a recipient domain, and how much of it may be in flight.

Contract: pure. Nothing that is learned goes beyond the bounds of the lane's ``batch``, and waiting for a
better hour ends in time: ``put_off`` after the batch would have left anyway, and before a message of
it presses.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from lanes.config.model import Batch, Lane
from lanes.schedule import domains, hours
from lanes.schedule.domains import Backoff, Health, Tried
from lanes.schedule.hours import Hours


class Known(NamedTuple):
    """A domain, as it is remembered."""

    health: Health
    hours: Hours = Hours()

    @classmethod
    def of(cls, batch: Batch) -> Known:
        """A domain that was never tried."""
        return cls(Health.of(batch))


def learned(known: Known, batch: Batch, backoff: Backoff, attempts: Iterable[Tried]) -> Known:
    """What is known after some attempts; ``batch`` is the domain's own."""
    health, day = known
    for tried in attempts:
        health = domains.step(health, batch, backoff, tried)
        day = hours.step(day, tried.at, tried.deferred)
    return Known(health, day)


def limit(known: Known, batch: Batch, now: float) -> int:
    """How many messages may be in flight to it; ``batch`` is the domain's own."""
    return min(domains.limit(known.health, now), batch.size * batch.streams)


def had_better_wait(known: Known, lane: Lane, batch: Batch, oldest: float, put_off: float, now: float) -> bool:
    """Whether its mail, of which the oldest was accepted at ``oldest``, should wait for a better hour of the day."""
    presses = oldest + lane.sla - max(lane.lead, lane.promote_at)
    return hours.good_from(known.hours, now, min(oldest + batch.max_wait + put_off, presses)) > now


def allowed(known: Known | None, lane: Lane, name: str, oldest: float, presses: bool, put_off: float,
            now: float) -> int | None:
    """How many messages to the domain ``name`` may be in flight; None in a lane without batches.

    ``oldest`` is when the oldest held one was accepted, 0 if none is held. What does not press may have to wait
    for a better hour of the day.
    """
    if lane.batch is None:
        return None
    batch = lane.batch.of(name)
    if known is None:
        return batch.size * batch.streams
    if oldest and not presses and had_better_wait(known, lane, batch, oldest, put_off, now):
        return 0
    return limit(known, batch, now)
