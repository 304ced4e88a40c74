"""The watch: looks at lanes and programs for what is worth an alert, at its own, lower rate.

Contract: how alerts stand, and who was told, is kept in Redis, so a watch that is started again tells nothing
twice. Each alert that fires or clears is one line in the log. What the sinks are to be told is handed to
``notify`` together with the pipeline that keeps the new states: a job that is enqueued there is enqueued
exactly once.

The watch is part of the manager's turn, and so cannot tell the manager's own silence. The notifier can: while
the manager is silent, it looks in its stead (:class:`Deputy`). So do ``lanes alerts`` and ``lanes status``.

Failure: :class:`redis.RedisError`, and the next turn looks again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

import structlog
from redis.client import Pipeline

from lanes.config import Settings
from lanes.sla.alerts import Phase, State, step
from lanes.sla.notices import Due, notices
from lanes.sla.rules import Seen
from lanes.store.alerts import Alerts
from lanes.store.standing import Standing

log = structlog.get_logger("lanes.watch")

Notify = Callable[[Sequence[Due], Pipeline], None]


def nobody(_due: Sequence[Due], _pipe: Pipeline) -> None:
    """A ``notify`` that tells nobody: the log has it, and ``lanes alerts``."""


class _Saw(NamedTuple):
    """What came of a look."""

    changes: list[State]
    due: list[Due]


class Watched(Protocol):
    """What a watch looks at, and where it keeps what it saw: one MTA's alerts, or all MTAs'."""

    standing: Standing

    def seen(self, now: float) -> Seen:
        """What the rules see."""


class Watch:
    """A watch over one MTA, or over all."""

    def __init__(self, settings: Settings, alerts: Watched, notify: Notify = nobody) -> None:
        self._bounds = settings.alerts
        self._every = settings.manager.alerts_every
        self._alerts = alerts
        self._notify = notify
        self._looked = 0.0

    def turn(self, now: float) -> list[State]:
        """Look, if it is time to; what has fired or cleared."""
        if 0 <= now - self._looked < self._every:
            return []
        self._looked = now
        seen = self._alerts.seen(now)

        def look(states: Mapping[str, State]) -> tuple[dict[str, State], _Saw]:
            after, changes = step(states, seen, self._bounds, now)
            after, due = notices(after, changes, self._bounds.sinks, now)
            return after, _Saw(changes, due)

        changes, _ = self._alerts.standing.update(look, lambda saw, pipe: self._notify(saw.due, pipe))
        for change in changes:
            _say(change, now)
        return changes


class Deputy:
    """A watch that looks only while the manager's does not."""

    def __init__(self, settings: Settings, alerts: Alerts, notify: Notify) -> None:
        self._patience = settings.alerts.silent_after / 2
        self._alerts = alerts
        self._watch = Watch(settings, alerts, notify)

    def turn(self, now: float) -> list[State]:
        """As :meth:`Watch.turn`, if the manager is missed."""
        manager = next(one for one in self._alerts.programs(now) if one.program == "manager")
        return self._watch.turn(now) if manager.silence >= self._patience else []


def _say(change: State, now: float) -> None:
    alert, lasted = change.alert, round(now - change.since, 1)
    if change.phase is Phase.FIRING:
        log.warning("alert fired", alert=alert.identity, severity=alert.severity, lasts=lasted,
                    summary=alert.summary, advice=alert.advice)
    else:
        log.info("alert cleared", alert=alert.identity, severity=alert.severity, lasted=lasted, summary=alert.summary)
