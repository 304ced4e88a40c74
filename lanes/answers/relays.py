"""Relays as they are, and what would be chosen now."""

from __future__ import annotations

from collections.abc import Mapping

from lanes.answers import Answer, Instant, instant, rounded
from lanes.config import Settings
from lanes.message import PREFERENCES, printable
from lanes.routes.choice import Request, Road, choose, roads
from lanes.routes.health import Condition


class Relay(Answer, frozen=True, kw_only=True):
    """A relay; what is not known yet is null."""

    relay: str
    transport: str
    nexthop: str
    preference: str | None
    """The only preference that it serves; null: all."""
    cost: float
    currency: str
    region: str
    breaker: str
    """``closed``: it is healthy; ``open``: it is left alone; ``half-open``: a few messages try it."""
    down_since: Instant | None
    again_at: Instant | None
    """When it may be tried again."""
    latency_seconds: float | None
    p95_seconds: float | None
    success: float
    """The part of recent deliveries that did not fail by its fault."""
    depth: int
    """Messages on their way by it, from all MTAs."""
    waiting_seconds: float
    """For how long half of them have been."""
    sent: int
    deferred: int
    bounced: int
    error: str | None
    """What was said at its last fault."""
    error_at: Instant | None


class Chosen(Answer, frozen=True, kw_only=True):
    """What would be chosen now for mail of a preference that nobody wants on a relay of its own."""

    preference: str
    relay: str | None
    """Null: the MTA's own routing."""
    saw: str
    says: str


class Relays(Answer, frozen=True, kw_only=True):
    """All relays, and the choice among them."""

    relays: list[Relay]
    choices: list[Chosen]


def relays(settings: Settings, conditions: Mapping[str, Condition], now: float) -> Relays:
    """As they are now."""
    known = roads(settings.relays, conditions, now)
    return Relays(relays=[_relay(road, settings.roads.currency, now) for road in known],
                  choices=[_chosen(settings, preference, known, now) for preference in PREFERENCES])


def _relay(road: Road, currency: str, now: float) -> Relay:
    terms, health = road.terms, road.condition.health
    return Relay(
        relay=road.name, transport=terms.transport, nexthop=terms.nexthop, preference=terms.preference,
        cost=terms.cost, currency=currency, region=terms.region, breaker=road.breaker.value,
        down_since=instant(health.down_since or None),
        again_at=instant(health.open_until if now < health.open_until else None),
        latency_seconds=rounded(health.latency if health.is_measured else None), p95_seconds=rounded(health.p95),
        success=round(health.success, 6), depth=road.condition.depth,
        waiting_seconds=round(road.condition.waiting, 3),
        sent=health.results.get("sent", 0), deferred=health.results.get("deferred", 0),
        bounced=health.results.get("bounced", 0),
        error=printable(health.error) or None, error_at=instant(health.error_at or None),
    )  # fmt: skip


def _chosen(settings: Settings, preference: str, known: list[Road], now: float) -> Chosen:
    choice = choose(Request(preference), known, settings.roads, now)
    piece = choice.evidence[-1] if choice.evidence else None
    return Chosen(preference=preference, relay=choice.relay or None, saw=piece.saw if piece else "",
                  says=piece.says if piece else "the MTA's own routing: no relay serves it")
