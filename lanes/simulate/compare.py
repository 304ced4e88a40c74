"""What runs over one trace came to, side by side: plain values, for tables and programs.

Durations are seconds. What was not there to be measured is None.
"""

from __future__ import annotations

import msgspec

from lanes.config import Settings
from lanes.routes.cost import money
from lanes.simulate.tally import LaneTally, Tally

#: What a run without lanes is called.
PLAIN = "plain Postfix"


class LaneResult(msgspec.Struct, frozen=True):
    """One lane in one run."""

    lane: str
    messages: int
    sent: int
    bounced: int
    expired: int
    p50: float | None
    """From acceptance to delivery, of what was sent."""
    p95: float | None
    p99: float | None
    violations: int
    """Messages that were sent after their deadline."""
    cost: str | None
    """In the site's currency, exactly; None where there are no relays."""
    waves: int
    """Releases."""
    wave_mean: float | None
    """Messages of a release."""
    wave_max: int
    reasons: dict[str, int]
    """Releases by their reason."""
    connections: int
    """Opened by the MTA, by the lane of the mail that was the first on each."""
    refused: int
    """Times that a sender was asked to come back."""
    finished: float | None
    """When the last message was delivered, since the trace began."""


class Result(msgspec.Struct, frozen=True):
    """One run."""

    name: str
    lanes: tuple[LaneResult, ...]
    window_mean: float | None
    window_max: int | None
    held_max: int | None
    """Messages that were held at once."""


def result(name: str, tally: Tally, settings: Settings) -> Result:
    """Of a run with these settings, or of a plain one that was judged by them."""
    priced = bool(settings.relays) and name != PLAIN
    lanes = tuple(_lane(lane, tally.lanes[lane], tally, priced) for lane in settings.by_rank())
    if not tally.turns:
        return Result(name, lanes, None, None, None)
    return Result(name, lanes, round(tally.width_sum / tally.turns, 1), tally.width_max, tally.held_max)


def _lane(name: str, lane: LaneTally, tally: Tally, priced: bool) -> LaneResult:
    p50, p95, p99 = (_rounded(lane.percentile(q)) for q in (0.5, 0.95, 0.99))
    waves, cost = lane.waves.total(), money(lane.micro) if priced else None
    return LaneResult(
        name, lane.messages, lane.ended["sent"], lane.ended["bounced"], lane.ended["expired"], p50, p95, p99,
        lane.missed, cost, waves, round(lane.released / waves, 1) if waves else None, lane.largest,
        dict(sorted(lane.waves.items())), tally.connections[name], lane.refused,
        round(lane.last - tally.began, 1) if lane.ended["sent"] else None,
    )  # fmt: skip


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
