"""Whether the house is at work: its programs, its alerts, and who is told of them."""

from __future__ import annotations

import math
from collections import Counter

from lanes.config import Settings
from lanes.jobs.notices import notify_queue
from lanes.jobs.queues import mta_queue
from lanes.metrics.table import ALERTS
from lanes.metrics.told import Told
from lanes.sla.alerts import firing
from lanes.store.alerts import Alerts
from lanes.store.sinks import Sinks
from lanes.store.store import Store


class Programs:
    """Five round trips."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store, self._bounds = store, settings.alerts
        self._alerts = Alerts(store, settings)
        self._sinks = Sinks(store.client, settings.mta.name)
        self._queues = {"mta": mta_queue(store.client, settings).key, "notify": notify_queue(store.client).key}

    def __call__(self, told: Told, now: float) -> None:
        """Tell of all of it."""
        programs = self._alerts.programs(now)
        for one in programs:
            told.say("lanes_heard_timestamp_seconds", one.heard or 0.0, program=one.program)
        fire = Counter(state.alert.name for state in firing(self._alerts.standing.states(), programs, self._bounds))
        for alert, severity in ALERTS.items():
            told.say("lanes_alerts_firing", fire[alert], alert=alert, severity=severity)
        self._tell_notices(told)
        self._tell_tracker(told, now)
        self._tell_jobs(told)

    def _tell_notices(self, told: Told) -> None:
        for sink, record in self._sinks.records(self._bounds.sinks).items():
            told.say("lanes_notices_total", record.told, sink=sink, result="told")
            told.say("lanes_notices_total", record.failed, sink=sink, result="failed")

    def _tell_tracker(self, told: Told, now: float) -> None:
        tracked = self._store.tracking.told()
        told.say("lanes_tracker_lag_seconds", max(now - tracked.until, 0.0) if tracked.until else math.inf)
        told.say("lanes_tracker_lines_total", tracked.lines)
        told.say("lanes_tracker_unparsed_total", tracked.unparsed)

    def _tell_jobs(self, told: Told) -> None:
        with self._store.client.pipeline(transaction=False) as pipe:
            for key in self._queues.values():
                pipe.llen(key)
            for queue, waiting in zip(self._queues, pipe.execute(), strict=True):
                told.say("lanes_jobs_waiting", waiting, queue=queue)
