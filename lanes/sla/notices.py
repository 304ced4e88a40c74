"""Who is told of an alert, and when: each sink of the settings has its own taste and pace.

A sink is told of an alert when it fires, again every ``repeat`` while it goes on, and when it clears if it
was told of it before. A sink that is new is told of what fires already.

Contract: pure. Whom it was told, and when, is part of an alert's own state (:attr:`State.told`), so what is
kept once is told once. Instants are Unix time in seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta, structs

from lanes.config.sinks import Severity, Sink
from lanes.sla.alerts import Phase, State
from lanes.sla.rules import Alert

_GRAVITY: dict[Severity, int] = {"warning": 0, "critical": 1}


class Due(NamedTuple):
    """What a sink is to be told now, at once."""

    sink: str
    states: tuple[State, ...]
    """Alerts that fire, and then those that have cleared."""


class Notice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a sink is told at once, on its way to it."""

    id: Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]
    """The same at every try, so that whoever is told twice can know."""
    mta: Annotated[str, Meta(pattern=r"^([A-Za-z0-9._-]{1,64}|\*)$")]
    """Whose alerts these are; ``*``: of all MTAs together."""
    at: float
    """When it was seen."""
    alerts: tuple[State, ...]
    trial: bool = False
    """Sent only to see whether it arrives."""


def notices(
    states: Mapping[str, State], changes: Sequence[State], sinks: Mapping[str, Sink], now: float
) -> tuple[dict[str, State], list[Due]]:
    """After a look: the states as they are once everybody has been told; and what that is, sink by sink.

    ``states`` and ``changes`` are those of :func:`lanes.sla.alerts.step`.
    """
    after, told = dict(states), list[Due]()
    for name, sink in sinks.items():
        fires = [state for state in after.values() if _is_due(state, name, sink, now)]
        cleared = [change for change in changes if change.phase is Phase.RESOLVED and name in change.told]
        told += _grouped(name, sink, [*fires, *cleared])
        after |= {state.alert.identity: structs.replace(state, told=state.told | {name: now}) for state in fires}
    return after, told


def still_true(notice: Notice, standing: Mapping[str, State]) -> tuple[State, ...]:
    """Those of a notice's alerts that are as it says: what comes late must not undo what came since."""
    return tuple(state for state in notice.alerts if _is_so(state, standing.get(state.alert.identity)))


def trial(id: str, mta: str, now: float) -> Notice:
    """A notice by which a sink can be tried."""
    alert = Alert("test", {}, "warning", "this is a test of how alerts are told", "Nothing is wrong, nothing to do.")
    return Notice(id, mta, now, (State(alert, Phase.FIRING, now, 1.0),), trial=True)


def _is_due(state: State, name: str, sink: Sink, now: float) -> bool:
    if state.phase is not Phase.FIRING or not _wants(sink, state.alert):
        return False
    last = state.told.get(name)
    return last is None or (sink.repeat > 0 and not 0 <= now - last < sink.repeat)


def _wants(sink: Sink, alert: Alert) -> bool:
    grave = _GRAVITY[alert.severity] >= _GRAVITY[sink.at_least]
    return grave and (not sink.alerts or alert.name in sink.alerts)


def _grouped(name: str, sink: Sink, states: Sequence[State]) -> list[Due]:
    groups = [tuple(states)] if sink.group else [(state,) for state in states]
    return [Due(name, group) for group in groups if group]


def _is_so(said: State, now: State | None) -> bool:
    if now is None or now.phase is not Phase.FIRING:
        return said.phase is Phase.RESOLVED
    return said.phase is Phase.FIRING and said.since == now.since
