"""What is wrong, and who is told of it."""

from __future__ import annotations

from lanes.answers import Answer, Instant, instant
from lanes.config.sinks import Sink as Terms
from lanes.message import printable
from lanes.sla.alerts import State
from lanes.store.sinks import SinkRecord
from lanes.timestamps import rfc3339

#: Characters of a summary, or of advice.
_LINE = 900


class Alert(Answer, frozen=True, kw_only=True):
    """An alert that fires."""

    alert: str
    labels: dict[str, str]
    severity: str
    """critical or warning."""
    since: Instant
    level: float
    """The measure as a part of its bound."""
    summary: str
    advice: str


class Sink(Answer, frozen=True, kw_only=True):
    """Who is told of alerts, and whether that works."""

    kind: str
    told: int
    told_at: Instant | None
    failed: int
    failed_at: Instant | None
    fails: bool
    """Whether the last try failed."""
    why: str


def alert(state: State) -> Alert:
    """An alert by its state."""
    about = state.alert
    return Alert(
        alert=about.name, labels=about.labels, severity=about.severity, since=rfc3339(state.since),
        level=round(state.level, 3), summary=printable(about.summary, _LINE),
        advice=printable(about.advice, _LINE),
    )  # fmt: skip


def sink(terms: Terms, record: SinkRecord) -> Sink:
    """A sink by what became of its notices."""
    return Sink(
        kind=str(terms.__struct_config__.tag), told=record.told, told_at=instant(record.told_at), failed=record.failed,
        failed_at=instant(record.failed_at), fails=record.fails, why=printable(record.why),
    )  # fmt: skip
