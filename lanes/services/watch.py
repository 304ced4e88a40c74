"""The watch: looks at lanes and programs for what is worth an alert, at its own, lower rate.

Contract: how alerts stand is kept in Redis, so a watch that is started again tells nothing twice. Each
alert that fires or clears is one line in the log, and is handed to ``notify`` together with the pipeline
that keeps the new states: a job that is enqueued there is enqueued exactly once.

The watch is part of the manager's turn, and so cannot tell the manager's own silence. Whoever reads the
programs' heartbeats can: ``lanes alerts`` and ``lanes status`` do.

Failure: :class:`redis.RedisError`, and the next turn looks again.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from redis.client import Pipeline

from lanes.config import Settings
from lanes.sla.alerts import Phase, State, step
from lanes.store.alerts import Alerts, Notify

log = structlog.get_logger("lanes.watch")


def nobody(_changes: Sequence[State], _pipe: Pipeline) -> None:
    """A ``notify`` that tells nobody: the log has it, and ``lanes alerts``."""


class Watch:
    """One MTA's watch."""

    def __init__(self, settings: Settings, alerts: Alerts, notify: Notify = nobody) -> None:
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
        changes = self._alerts.update(lambda states: step(states, seen, self._bounds, now), self._notify)
        for change in changes:
            _say(change, now)
        return changes


def _say(change: State, now: float) -> None:
    alert, lasted = change.alert, round(now - change.since, 1)
    if change.phase is Phase.FIRING:
        log.warning("alert fired", alert=alert.identity, severity=alert.severity, lasts=lasted,
                    summary=alert.summary, advice=alert.advice)
    else:
        log.info("alert cleared", alert=alert.identity, severity=alert.severity, lasted=lasted, summary=alert.summary)
