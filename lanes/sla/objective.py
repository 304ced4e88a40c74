"""Objectives: which part of a lane's mail is to be in time, and how fast the rest, the error budget, is used up.

With an objective of 99 % over 30 days, one message in a hundred may miss its deadline. A *burn rate* of 1 uses
that up in just the 30 days, one of 14.4 in two days. To be told early of what burns fast, late of what burns
slowly, and no longer than it burns, two windows are looked at: the long one says that it matters, the short
one that it goes on (Google, "The Site Reliability Workbook", chapter 5, "Alerting on SLOs", 6).

Contract: pure. Durations are seconds. Failure: none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from lanes.config.sinks import Severity


class Outcomes(NamedTuple):
    """Messages that were delivered in some time."""

    delivered: int = 0
    missed: int = 0
    """How many of them after their deadline."""

    @property
    def compliance(self) -> float | None:
        """The part that was in time, 0 to 1; None if there were none."""
        return 1 - self.missed / self.delivered if self.delivered else None


class Window(NamedTuple):
    """When so much of the budget is used up within ``long``, and it goes on in ``short``, it is an alert."""

    severity: Severity
    budget: float
    """The part of the whole period's budget, 0 to 1."""
    long: float
    short: float

    def rate(self, period: float) -> float:
        """The burn rate that uses up so much of the budget of a period: 14.4, 6, 3 and 1 for 30 days."""
        return self.budget * period / self.long


#: The workbook's table 5-8.
WINDOWS = (
    Window("critical", 0.02, 3600, 300),
    Window("critical", 0.05, 6 * 3600, 1800),
    Window("warning", 0.10, 86400, 2 * 3600),
    Window("warning", 0.10, 3 * 86400, 6 * 3600),
)
#: How far back one has to look, for each of them.
SPANS = tuple(sorted({span for window in WINDOWS for span in (window.long, window.short)}))


class Burn(NamedTuple):
    """How fast a budget is used up."""

    level: float
    """The burn rate as a part of what makes an alert."""
    rate: float
    """Of the long window."""
    window: Window


def burn_rate(outcomes: Outcomes, objective: float) -> float:
    """Times as fast as would use up the budget in just its period."""
    return outcomes.missed / outcomes.delivered / (1 - objective) if outcomes.delivered else 0.0


def budget_left(outcomes: Outcomes, objective: float) -> float:
    """The part of the error budget that is left of a period; below 0 where more was used than there was."""
    return 1 - burn_rate(outcomes, objective)


def burn(outcomes: Mapping[float, Outcomes], objective: float, period: float, severity: Severity, events: int) -> Burn:
    """The worst of a severity's windows; ``outcomes`` are those of the last so many seconds, by :data:`SPANS`.

    Fewer than ``events`` deliveries in a long window say nothing: a quiet lane would burn with each message.
    """
    windows = (window for window in WINDOWS if window.severity == severity)
    return max((_burn(outcomes, objective, period, window, events) for window in windows), key=lambda one: one.level)


def _burn(outcomes: Mapping[float, Outcomes], objective: float, period: float, window: Window, events: int) -> Burn:
    long, short = (outcomes.get(span, Outcomes()) for span in (window.long, window.short))
    if long.delivered < events:
        return Burn(0.0, 0.0, window)
    rate = burn_rate(long, objective)
    return Burn(min(rate, burn_rate(short, objective)) / window.rate(period), rate, window)
