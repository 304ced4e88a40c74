"""Prometheus' Alertmanager, by its API v2 (``api/v2/openapi.yaml``: ``POST /api/v2/alerts``).

It takes an alert for over when ``endsAt`` has passed. So each time one fires it is told an end that is some
repetitions ahead, as Prometheus does: if nobody repeats it any more, it does not stay for ever.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec

from lanes.config.sinks import AlertmanagerSink
from lanes.notify.port import Tell
from lanes.notify.web import post
from lanes.sla.alerts import Phase, State
from lanes.sla.notices import Notice
from lanes.timestamps import rfc3339

#: Repetitions that may be missed before an alert ends by itself.
_MISSED = 4


def alertmanager(sink: AlertmanagerSink) -> Tell:
    """Tells this Alertmanager."""
    return partial(_tell, sink)


def _tell(sink: AlertmanagerSink, notice: Notice) -> str:
    body = msgspec.json.encode([_alert(sink, notice, state) for state in notice.alerts])
    return post(f"{sink.url.rstrip('/')}/api/v2/alerts", body, sink.headers, sink.timeout)


def _alert(sink: AlertmanagerSink, notice: Notice, state: State) -> dict[str, Any]:
    """An alert as it knows them: its labels are its identity, and must be the same when it is over."""
    alert = state.alert
    end = notice.at if state.phase is Phase.RESOLVED else notice.at + _MISSED * sink.repeat
    return {
        "labels": {"alertname": alert.name, "severity": alert.severity, "job": "mta-lanes", "mta": notice.mta,
                   **alert.labels},
        "annotations": {"summary": alert.summary, "description": alert.advice},
        "startsAt": rfc3339(state.since),
        "endsAt": rfc3339(end),
    }  # fmt: skip
