"""How things look: tables for people. What programs are told is in :mod:`lanes.answers`. Everything printed is made
printable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from lanes.config import Settings
from lanes.config.sinks import Sink
from lanes.config.units import format_seconds
from lanes.life import State
from lanes.message import Evidence, Record, printable
from lanes.policy.backtest import Verdict
from lanes.sla.alerts import State as AlertState
from lanes.sla.period import Measure
from lanes.store.sinks import SinkRecord
from lanes.store.views import LaneStatus, Views, WindowStatus
from lanes.timestamps import rfc3339

_RECENT = 8
#: Columns where there is no terminal to ask.
_PIPE_WIDTH = 140


def console() -> Console:
    """Standard output, wide enough for a table also in a pipe."""
    plain = Console()
    return plain if plain.is_terminal else Console(width=_PIPE_WIDTH)


def grid(title: str, *headings: str, right: Sequence[str] = ()) -> Table:
    """A table whose cells stay on one line."""
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        table.add_column(heading, justify="right" if heading in right else "left", no_wrap=True, overflow="ellipsis")
    return table


def overview(settings: Settings, views: Views, firing: Sequence[AlertState], now: float) -> RenderableType:
    """The lanes and the window, what is wrong if anything is, and the last decisions with their reasons."""
    wrong = [alerts(firing, now)] if firing else []
    return Group(
        lanes(settings, views.status(now)), window(views.window(now)), *wrong, decisions(views.recent(_RECENT))
    )


def lanes(settings: Settings, statuses: Sequence[LaneStatus]) -> Table:
    """One row a lane."""
    numbers = ("depth", "held", "in flight", "deferred", "oldest / SLA", "delivered", "in time", "p95")
    table = grid("lanes", "lane", *numbers, right=numbers)
    for status in statuses:
        sla = settings.lanes[status.lane].sla
        p95 = status.lately.percentile(Measure.QUEUE, 0.95)
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


def window(status: WindowStatus) -> Text:
    """How much is in flight of what may be, and what the window is doing."""
    return Text(f"window {status.size}, {status.inflight} in flight; it {status.phase}\n")


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
    table = grid("last decisions", "id", "lane", "subject", "why")
    for id, record in recent:
        table.add_row(id, record.lane, printable(record.subject, 40), reason(record.lane, record.evidence))
    return table


def alerts(firing: Sequence[AlertState], now: float) -> Table:
    """One row an alert; ``lanes alerts`` says what to do about it."""
    table = grid("alerts", "severity", "for", "what", right=("for",))
    for state in firing:
        table.add_row(_severity(state), short(now - state.since), printable(state.alert.summary))
    return table


def alerts_in_words(firing: Sequence[AlertState], now: float) -> RenderableType:
    """What is wrong, since when, and what to do."""
    return Group(*(_alert_in_words(state, now) for state in firing)) if firing else Text("nothing is wrong")


def _alert_in_words(state: AlertState, now: float) -> Text:
    since = f"for {short(now - state.since)}, since {rfc3339(state.since)}"
    head = Text.assemble(_severity(state), f"  {printable(state.alert.identity)}  ", (since, "dim"))
    words = [Text(f"  {printable(words)}") for words in (state.alert.summary, state.alert.advice)]
    return Text("\n").join([head, *words])


def _severity(state: AlertState) -> Text:
    return Text(state.alert.severity, style="red" if state.alert.severity == "critical" else "yellow")


def sinks(terms: Mapping[str, Sink], records: Mapping[str, SinkRecord], now: float) -> RenderableType:
    """One row a sink."""
    table = grid("", "sink", "kind", "told", "last", "failed", "last failure", right=("told", "last", "failed"))
    for name, record in records.items():
        why = f"{_ago(record.failed_at, now)} ago: {record.why}" if record.failed else ""
        style = "red" if record.fails else "dim"
        table.add_row(name, _kind(terms[name]), str(record.told), _ago(record.told_at, now), str(record.failed),
                      Text(printable(why), style=style))
    return table if records else Text("no sinks: alerts are told to nobody (see `lanes config --defaults`)")


def _ago(instant: float | None, now: float) -> str:
    return "–" if instant is None else short(max(0.0, now - instant))


def _kind(sink: Sink) -> str:
    return str(sink.__struct_config__.tag)


def counts(title: str, numbers: Mapping[str, int], whole: int) -> Table:
    """Numbers by name, and their share of a whole."""
    table = grid(title, "", "messages", "share", right=("messages", "share"))
    for name, number in numbers.items():
        table.add_row(name, str(number), _share(number, whole))
    return table


def differences(verdicts: Sequence[Verdict]) -> Table:
    """What two policies see differently, message by message."""
    table = grid("messages that differ", "message", "lane", "other", "in", "why", "other's why")
    for verdict in verdicts:
        ours, other = verdict.decision, verdict.other or verdict.decision
        why, others_why = (printable(reason(one.lane, one.evidence), 40) for one in (ours, other))
        name, differences = printable(verdict.name, 40), ", ".join(verdict.differences)
        table.add_row(name, ours.lane, other.lane, differences, why, others_why)
    return table


def reason(lane: str, evidence: Sequence[Evidence]) -> str:
    """Which rules spoke for the lane, in one line; else how the lane came about."""
    spoke = [e.rule for e in evidence if e.says.startswith((f"{lane} +", f"lane {lane}"))]
    chosen = [e.saw for e in evidence if e.rule == "lane"]
    return printable(", ".join(spoke or chosen), 80)


def messages(found: Sequence[tuple[str, Record]], now: float) -> Table:
    """A list of messages."""
    table = grid("", "id", "lane", "slack", "age", "domain", "sender", "subject", right=("slack", "age"))
    for id, record in found:
        table.add_row(id, record.lane, short_slack(record.deadline - now), short(now - record.accepted),
                      printable(record.domain), printable(record.sender), printable(record.subject, 40))
    return table


def audit(orders: Sequence[Mapping[str, object]]) -> Table:
    """Orders, the newest first."""
    table = grid("", "when", "who", "what", "messages", "about", "why", right=("messages",))
    for order in orders:
        about = " ".join(f"{key} {order[key]}" for key in ("ids", "lane", "domain", "sender") if key in order)
        at = order.get("at")
        when = rfc3339(at) if isinstance(at, int | float) else ""
        cells = (when, *(order.get(key, "") for key in ("who", "what", "messages")), about, order.get("why", ""))
        table.add_row(*(printable(str(cell)) for cell in cells))
    return table


def short_slack(slack: float) -> Text:
    """Time left, or how late it is."""
    return Text(short(slack)) if slack >= 0 else Text(f"-{short(-slack)}", style="red")


def message(id: str, record: Record, state: str, now: float) -> RenderableType:
    """One message, whole."""
    facts = Table(show_header=False, box=None)
    for name, value in (
        ("id", id), ("state", state), ("sender", record.sender), ("to", ", ".join(record.to)),
        ("subject", record.subject), ("domain", record.domain), ("recipients", str(record.recipients)),
        ("relay", record.relay or "(the MTA's own)"), ("accepted", rfc3339(record.accepted)),
    ):  # fmt: skip
        facts.add_row(name, printable(value))
    return Group(facts, explanation(record.lane, record.deadline, record.evidence, now))


def explanation(lane: str, deadline: float, evidence: Sequence[Evidence], now: float) -> RenderableType:
    """A decision and each rule that spoke."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("rule", "saw", "says"):
        table.add_column(heading, overflow="fold")
    for item in evidence:
        table.add_row(printable(item.rule), printable(item.saw), printable(item.says))
    left = deadline - now
    when = f"{short(left)} left" if left >= 0 else f"{short(-left)} overdue"
    return Group(f"lane {lane}, deadline {rfc3339(deadline)} ({when})", table)
