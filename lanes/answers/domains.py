"""Recipient domains of lanes with batches, and what was learned of each."""

from __future__ import annotations

from lanes.answers import Answer, Instant, rounded
from lanes.message import printable
from lanes.schedule.hours import good
from lanes.store.domains import Row
from lanes.timestamps import rfc3339


class Domain(Answer, frozen=True, kw_only=True):
    """A domain of a lane."""

    lane: str
    domain: str
    held: int
    inflight: int
    owed: int
    """How much more is to leave of a batch that has begun to."""
    oldest_seconds: float | None
    batch: int
    """How many messages make its batch ripe, and leave together."""
    max_wait_seconds: float
    """How long its oldest message may wait for that."""
    streams: int
    deferral_rate: float
    latency_seconds: float
    failures: int
    closed_until: Instant | None
    """Until when it is left alone, after it deferred."""
    paused: bool
    """Whether an operator stopped it, in every lane."""
    good_hours: list[int]
    """Hours of the day (UTC) in which it defers less."""


def domain(row: Row, now: float) -> Domain:
    """A domain as it is now."""
    health = row.known.health
    return Domain(
        lane=row.lane, domain=printable(row.seen.name, 255), held=row.seen.held, inflight=row.seen.inflight,
        owed=row.seen.owed, oldest_seconds=rounded(now - row.seen.oldest, 3) if row.seen.oldest else None,
        batch=int(health.size), max_wait_seconds=float(row.terms.max_wait), streams=int(health.streams),
        deferral_rate=round(health.deferral_rate, 4), latency_seconds=round(health.latency, 3),
        failures=health.failures, closed_until=rfc3339(health.closed_until) if now < health.closed_until else None,
        paused=row.paused, good_hours=list(good(row.known.hours)),
    )  # fmt: skip
