"""The life of an alert: from what the rules (:mod:`lanes.sla.rules`) see, who is told what, and when.

An alert is known by its rule and by what it is about, and lives so::

    none -> pending      its level reached 1
    pending -> none      its level is below ``clear_at`` again; nobody was told
    pending -> firing    it is not, after ``fire_after``: told, once
    firing -> resolved   its level was below ``clear_at`` for ``clear_after``: told, once, and forgotten

Between ``clear_at`` and 1 nothing changes, so a level that wavers around its bound does not flap.

Contract: pure. :func:`step` keeps nothing; who calls it keeps the states, so nothing is told twice when
the caller is started again. Instants are Unix time in seconds.

Failure: none of its own. What is not seen any more (a lane that was taken out of the settings) clears.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

import msgspec

from lanes.config.model import Alerts
from lanes.sla.rules import Alert, Measured, ProgramSeen, Seen, measure


class Phase(StrEnum):
    """Where an alert is in its life."""

    PENDING = "pending"
    FIRING = "firing"
    RESOLVED = "resolved"


class State(msgspec.Struct, frozen=True, array_like=True):
    """An alert at an instant. Stored packed by position: append fields, never reorder."""

    alert: Alert
    """As it was last seen with its level up, so that the words tell of the trouble."""
    phase: Phase
    since: float
    """When its level reached 1."""
    level: float
    """The measure as a part of its bound."""
    low: float | None = None
    """Since when its level is below ``clear_at``, while it fires; None: it is not."""
    told: dict[str, float] = {}
    """Sink -> when it was last told that it fires (:mod:`lanes.sla.notices`)."""


def step(states: Mapping[str, State], seen: Seen, bounds: Alerts, now: float) -> tuple[dict[str, State], list[State]]:
    """One look: the states after it, by identity; and those that have just fired, or been resolved."""
    measured = {one.alert.identity: one for one in measure(seen, bounds)}
    found = {identity: _next(states.get(identity), measured.get(identity), bounds, now)
             for identity in dict.fromkeys([*states, *measured])}
    after = {identity: state for identity, state in found.items() if state}
    changes = [state for identity, state in after.items() if _tells(states.get(identity), state)]
    return {identity: state for identity, state in after.items() if state.phase is not Phase.RESOLVED}, changes


def firing(states: Mapping[str, State], programs: Sequence[ProgramSeen], bounds: Alerts) -> list[State]:
    """What is wrong now, the gravest first.

    ``states`` are the manager's, and it cannot tell its own silence: who has been silent for too long is
    therefore seen here, too.
    """
    silent = [one for one in programs if one.silence >= bounds.silent_after]
    now_silent = {found.alert.identity: State(found.alert, Phase.FIRING, one.heard or one.now, found.level)
                  for one in silent for found in measure(Seen((), (one,)), bounds)}
    told = {identity: state for identity, state in states.items() if state.phase is Phase.FIRING}
    return sorted((now_silent | told).values(), key=lambda state: (state.alert.severity, state.since))


def _next(state: State | None, measured: Measured | None, bounds: Alerts, now: float) -> State | None:
    """An alert's state after a look; None if there is none."""
    if measured is None or measured.level < bounds.clear_at:
        return _sunk(state, bounds, now)
    if state is None and measured.level >= 1:
        state = State(measured.alert, Phase.PENDING, now, measured.level)
    return state and _up(state, measured, now)


def _sunk(state: State | None, bounds: Alerts, now: float) -> State | None:
    """Its level is below ``clear_at``."""
    if state is None or state.phase is Phase.PENDING:
        return None
    low = now if state.low is None else state.low
    phase = Phase.RESOLVED if now - low >= bounds.clear_after else Phase.FIRING
    return msgspec.structs.replace(state, phase=phase, low=low)


def _up(state: State, measured: Measured, now: float) -> State:
    """Its level is up, or has not come down far enough."""
    fires = state.phase is Phase.FIRING or now - state.since >= measured.patience
    phase = Phase.FIRING if fires else Phase.PENDING
    return State(measured.alert, phase, state.since, measured.level, told=state.told)


def _tells(before: State | None, after: State) -> bool:
    """Whether somebody is to be told."""
    return after.phase is not Phase.PENDING and (before is None or before.phase is not after.phase)
