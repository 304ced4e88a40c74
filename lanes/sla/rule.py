"""What a rule for alerts is made of; the rules are in :mod:`lanes.sla.rules` and :mod:`lanes.sla.relay_rules`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

from lanes.config.model import Alerts
from lanes.config.sinks import AlertName, Severity
from lanes.config.units import format_seconds

_T = TypeVar("_T")


class Reading(NamedTuple):
    """What a rule sees at one instant."""

    level: float
    """The measure as a part of its bound."""
    summary: str
    advice: str


class Rule(NamedTuple, Generic[_T]):
    """One kind of alert."""

    name: AlertName
    severity: Severity
    read: Callable[[_T, Alerts], Reading | None]
    """None: nothing is promised there that could be broken."""
    patience: Callable[[Alerts], float] = lambda bounds: bounds.fire_after


def span(seconds: float) -> str:
    """A duration, in an alert's words."""
    return format_seconds(round(seconds)) if seconds >= 10 else f"{seconds:.3g}s"
