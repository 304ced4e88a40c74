"""A notice in words for people and as JSON for programs: pure.

The JSON (docs/alerts.md) has instants as RFC 3339, UTC. Its ``text`` is what people read, and is what chat
programs show of a webhook.
"""

from __future__ import annotations

from typing import Any

from lanes.config.units import format_seconds
from lanes.message import printable
from lanes.sla.alerts import Phase, State
from lanes.sla.notices import Notice
from lanes.timestamps import rfc3339

#: Of the JSON; raised when a program that reads it would have to change.
VERSION = 1
_SUBJECT, _LINE = 160, 900


def subject(notice: Notice) -> str:
    """One line: whose alerts, how grave, and the first of them."""
    first = notice.alerts[0]
    more = f" (and {len(notice.alerts) - 1} more)" if len(notice.alerts) > 1 else ""
    return printable(f"{_whose(notice)}: {_word(first)}: {first.alert.summary}{more}", _SUBJECT)


def text(notice: Notice) -> str:
    """Every alert with what it means and what to do, in plain lines."""
    head = f"Alerts of {_whose(notice)}, {rfc3339(notice.at)}"
    return "\n\n".join([head, *(_paragraph(state, notice.at) for state in notice.alerts)]) + "\n"


def as_json(notice: Notice) -> dict[str, Any]:
    """For programs; ``level`` is the measure as a part of its bound."""
    return {
        "version": VERSION, "id": notice.id, "mta": notice.mta, "at": rfc3339(notice.at), "test": notice.trial,
        "text": text(notice), "alerts": [alert_as_json(state) for state in notice.alerts],
    }  # fmt: skip


def alert_as_json(state: State) -> dict[str, Any]:
    """One alert of a notice."""
    alert = state.alert
    return {
        "status": state.phase.value, "alert": alert.name, "labels": alert.labels, "severity": alert.severity,
        "since": rfc3339(state.since), "level": round(state.level, 3), "summary": alert.summary,
        "advice": alert.advice,
    }  # fmt: skip


def _whose(notice: Notice) -> str:
    return "all MTAs" if notice.mta == "*" else notice.mta


def _word(state: State) -> str:
    return "cleared" if state.phase is Phase.RESOLVED else state.alert.severity


def _paragraph(state: State, now: float) -> str:
    alert, over = state.alert, state.phase is Phase.RESOLVED
    lasts = f"{'it lasted' if over else 'for'} {format_seconds(round(now - state.since))}"
    lines = [alert.summary, f"{lasts}, since {rfc3339(state.since)}", *([] if over else [alert.advice])]
    head = printable(f"{_word(state)}: {alert.identity}", _LINE)
    return "\n  ".join([head, *(printable(line, _LINE) for line in lines)])
