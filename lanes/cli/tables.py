"""How things look: tables for people, objects for programs. Everything printed is made printable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from lanes.config import Settings
from lanes.config.units import format_seconds
from lanes.life import State
from lanes.message import Evidence, Record, printable
from lanes.sla.histogram import percentile
from lanes.store.views import LaneStatus, Views
from lanes.timestamps import rfc3339

_RECENT = 8


def overview(settings: Settings, views: Views, now: float) -> RenderableType:
    """The lanes, and below them the last decisions with their reasons."""
    return Group(lanes(settings, views.status(now)), decisions(views.recent(_RECENT)))


def lanes(settings: Settings, statuses: Sequence[LaneStatus]) -> Table:
    """One row a lane."""
    table = Table(title="lanes", title_justify="left", expand=False)
    for heading in ("lane", "depth", "held", "in flight", "deferred", "oldest / SLA", "delivered", "in time", "p95"):
        table.add_column(heading, justify="left" if heading == "lane" else "right")
    for status in statuses:
        sla = settings.lanes[status.lane].sla
        p95 = percentile(status.queue_seconds, 0.95)
        table.add_row(
            status.lane,
            str(status.depth),
            str(status.states[State.HELD]),
            str(status.states[State.INFLIGHT] + status.states[State.RELEASING]),
            str(status.states[State.DEFERRED]),
            _age(status.oldest, sla),
            str(status.totals["delivered"]),
            _share(status.totals["kept"], status.totals["kept"] + status.totals["missed"]),
            "–" if p95 is None else short(p95),
        )
    return table


def _age(oldest: float | None, sla: float) -> Text:
    if oldest is None:
        return Text(f"– / {format_seconds(sla)}", style="dim")
    style = "red" if oldest > sla else "yellow" if oldest > sla / 2 else ""
    return Text(f"{short(oldest)} / {format_seconds(sla)}", style=style)


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "–"


def short(seconds: float) -> str:
    """A duration with as many digits as one can take in: ``0.42s``, ``12s``, ``3m20s``."""
    return f"{seconds:.2f}s" if seconds < 10 else format_seconds(round(seconds))


def decisions(recent: Sequence[tuple[str, Record]]) -> Table:
    """The last decisions, newest first."""
    table = Table(title="last decisions", title_justify="left", expand=False)
    for heading in ("id", "lane", "subject", "why"):
        table.add_column(heading, overflow="ellipsis", no_wrap=True)
    for id, record in recent:
        table.add_row(id, record.lane, printable(record.subject, 40), printable(reason(record.evidence), 70))
    return table


def reason(evidence: Sequence[Evidence]) -> str:
    """The evidence in one line."""
    return "; ".join(f"{e.rule}: {e.says}" for e in evidence)


def messages(found: Sequence[tuple[str, Record]], now: float) -> Table:
    """A list of messages."""
    table = Table()
    for heading in ("id", "lane", "slack", "age", "domain", "sender", "subject"):
        table.add_column(heading, no_wrap=True, overflow="ellipsis")
    for id, record in found:
        table.add_row(id, record.lane, short_slack(record.deadline - now), short(now - record.accepted),
                      printable(record.domain), printable(record.sender), printable(record.subject, 40))
    return table


def short_slack(slack: float) -> Text:
    """Time left, or how late it is."""
    return Text(short(slack)) if slack >= 0 else Text(f"-{short(-slack)}", style="red")


def message(id: str, record: Record, state: str, now: float) -> RenderableType:
    """One message, whole."""
    facts = Table(show_header=False, box=None)
    for name, value in (
        ("id", id), ("state", state), ("sender", record.sender), ("subject", record.subject),
        ("domain", record.domain), ("recipients", str(record.recipients)), ("relay", record.relay or "(the MTA's own)"),
        ("accepted", rfc3339(record.accepted)),
    ):  # fmt: skip
        facts.add_row(name, printable(value))
    return Group(facts, explanation(record.lane, record.deadline, record.evidence, now))


def explanation(lane: str, deadline: float, evidence: Sequence[Evidence], now: float) -> RenderableType:
    """A decision and each rule that spoke."""
    table = Table()
    for heading in ("rule", "saw", "says"):
        table.add_column(heading, overflow="fold")
    for item in evidence:
        table.add_row(printable(item.rule), printable(item.saw), printable(item.says))
    left = deadline - now
    when = f"{short(left)} left" if left >= 0 else f"{short(-left)} overdue"
    return Group(f"lane {lane}, deadline {rfc3339(deadline)} ({when})", table)


def lane_as_json(status: LaneStatus) -> dict[str, Any]:
    """A lane for programs; durations in seconds."""
    quantiles = {f"p{q}_seconds": percentile(status.queue_seconds, q / 100) for q in (50, 95, 99)}
    return {
        "lane": status.lane,
        "depth": status.depth,
        **{state.value: count for state, count in status.states.items()},
        "oldest_seconds": status.oldest,
        **status.totals,
        **quantiles,
    }


def record_as_json(id: str, record: Record) -> dict[str, Any]:
    """A message for programs."""
    decision = decision_as_json(record.lane, record.deadline, record.evidence)
    return {
        "id": id, **decision, "accepted": rfc3339(record.accepted), "domain": record.domain,
        "recipients": record.recipients, "relay": record.relay, "sender": record.sender, "subject": record.subject,
    }  # fmt: skip


def decision_as_json(lane: str, deadline: float, evidence: Sequence[Evidence]) -> dict[str, Any]:
    """A decision for programs."""
    told = [{"rule": e.rule, "saw": e.saw, "says": e.says} for e in evidence]
    return {"lane": lane, "deadline": rfc3339(deadline), "evidence": told}
