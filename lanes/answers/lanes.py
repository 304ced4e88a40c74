"""Lanes and the window."""

from __future__ import annotations

from collections.abc import Mapping

from lanes.answers import Answer, rounded
from lanes.config import Settings
from lanes.config.model import Lane as Terms
from lanes.sla.objective import Outcomes
from lanes.sla.period import Measure
from lanes.store.views import LaneStatus, WindowStatus


class Window(Answer, frozen=True, kw_only=True):
    """How many messages may be in flight at once, over all lanes, and how many are."""

    size: int
    inflight: int
    phase: str
    """What the window is doing, in words."""


class Lane(Answer, frozen=True, kw_only=True):
    """A lane: its terms, what is in it now, what became of its mail."""

    lane: str
    sla_seconds: float
    alert_after_seconds: float | None
    """A message that waits longer is an alert; null: it is none."""
    objective: float
    """The share of its mail that is to be in time."""
    hold: str
    """When its mail waits: ``never``, ``congested`` (while the window is full) or ``always``."""
    max_size: int
    """How many messages it takes; 0: any number."""
    paused: bool
    depth: int
    """Messages that are not settled, in any state."""
    states: dict[str, int]
    """How many of them are in each state: held, releasing, inflight, deferred, withheld, kept."""
    oldest_seconds: float | None
    """Since the oldest of them was accepted."""
    totals: dict[str, int]
    """Since the beginning: accepted, refused; delivered, bounced, expired, gone; and of what was delivered, how many
    deadlines were kept and missed."""
    delivered: int
    """In the last hour; so are the next four."""
    compliance: float | None
    """The share that was in time."""
    p50_seconds: float | None
    """From acceptance to delivery."""
    p95_seconds: float | None
    p99_seconds: float | None


class Status(Answer, frozen=True, kw_only=True):
    """An MTA's lanes, the most urgent first."""

    window: Window
    lanes: list[Lane]


class Queue(Answer, frozen=True, kw_only=True):
    """A lane as the paper's ``GET /api/v1/queue/status`` tells it, and more."""

    depth: int
    avg_age_ms: int | None
    """The mean age of what is in it; of a sample, where that is more than a few hundred messages."""
    sla_compliance: float | None
    """The share of the last hour's deliveries that was in time."""
    oldest_age_ms: int | None
    sla_ms: int
    p50_ms: int | None
    p95_ms: int | None
    p99_ms: int | None
    states: dict[str, int]
    paused: bool


def lane(status: LaneStatus, terms: Terms) -> Lane:
    """A lane at a glance."""
    p50, p95, p99 = (rounded(status.lately.percentile(Measure.QUEUE, q)) for q in (0.5, 0.95, 0.99))
    return Lane(
        lane=status.lane, sla_seconds=float(terms.sla),
        alert_after_seconds=float(terms.alert_after) if terms.alert_after else None, objective=terms.objective,
        hold=terms.hold, max_size=terms.max_size, paused=status.paused, depth=status.depth,
        states={state.value: n for state, n in status.states.items()},
        oldest_seconds=rounded(status.oldest, 3), totals=status.totals, delivered=status.lately.messages,
        compliance=rounded(_outcomes(status).compliance), p50_seconds=p50, p95_seconds=p95, p99_seconds=p99,
    )  # fmt: skip


def window(status: WindowStatus) -> Window:
    """The window at a glance."""
    return Window(**status._asdict())


def status(settings: Settings, lanes: list[LaneStatus], now_open: WindowStatus) -> Status:
    """An MTA at a glance."""
    return Status(window=window(now_open), lanes=[lane(one, settings.lanes[one.lane]) for one in lanes])


def queues(settings: Settings, lanes: list[LaneStatus], mean_ages: Mapping[str, float | None]) -> dict[str, Queue]:
    """The lanes by name, as the paper has them."""
    return {one.lane: _queue(one, settings.lanes[one.lane], mean_ages.get(one.lane)) for one in lanes}


def _queue(status: LaneStatus, terms: Terms, mean_age: float | None) -> Queue:
    p50, p95, p99 = (_ms(status.lately.percentile(Measure.QUEUE, q)) for q in (0.5, 0.95, 0.99))
    return Queue(
        depth=status.depth, avg_age_ms=_ms(mean_age), sla_compliance=rounded(_outcomes(status).compliance),
        oldest_age_ms=_ms(status.oldest), sla_ms=round(terms.sla * 1000), p50_ms=p50, p95_ms=p95, p99_ms=p99,
        states={state.value: n for state, n in status.states.items()}, paused=status.paused,
    )  # fmt: skip


def _outcomes(status: LaneStatus) -> Outcomes:
    return Outcomes(status.lately.messages, status.lately.missed)


def _ms(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)
