"""What is worth an alert: a table of rules, each about one lane, one program, or the relays
(:mod:`lanes.sla.relay_rules`).

A rule gives what it sees as a *level*: the measure as a part of its bound, so that 1 is where the trouble
begins, and says in words what was seen and what to do. When a level makes an alert, and for how long, is
:mod:`lanes.sla.alerts`.

Contract: pure. Instants are Unix time in seconds, durations seconds. Failure: none of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import NamedTuple, TypeVar

import msgspec

from lanes.config.model import Alerts, Lane
from lanes.config.sinks import AlertName, Severity
from lanes.message import PREFERENCES
from lanes.sla.objective import Outcomes, burn
from lanes.sla.relay_rules import PREFERENCE_RULES, RELAY_RULES, PreferenceSeen, RelaySeen
from lanes.sla.rule import Reading, Rule, span

#: Programs that say that they are alive, and what their silence means.
PROGRAMS = {
    "manager": "held mail waits, and only the notifier looks for alerts",
    "worker": "held mail waits",
    "tracker": "mail flows, but nobody sees what becomes of it, and the window fills",
    "notifier": "nobody is told of alerts",
    "router": "the MTA defers mail whose relay it would ask for, and tries it again",
}
#: What becomes of more mail when a lane is full.
_OVERFLOW = {"demote": "goes one lane down", "defer": "is refused for now (451)", "pass": "passes without being held"}

_T = TypeVar("_T")


class LaneSeen(NamedTuple):
    """What the rules see of a lane."""

    lane: str
    terms: Lane
    depth: int = 0
    """Live messages, as ``max_size`` counts them."""
    waited: float = 0.0
    """Seconds since the acceptance of the message that has waited longest, mail on hold by hand left out.
    What has waited for less than ``clear_at`` of ``alert_after`` need not be looked for: 0 will do."""
    overdue: int = 0
    """Messages with the MTA, not on hold, past their deadline."""
    overdue_held: int = 0
    """Messages that we hold past their deadline."""
    p95: float | None = None
    """Of the seconds from acceptance to delivery, lately; None if nothing was delivered."""
    delivered: int = 0
    """How many messages that p95 is of."""
    outcomes: Mapping[float, Outcomes] = MappingProxyType({})
    """What was in time in the last so many seconds, by :data:`~lanes.sla.objective.SPANS`."""
    period: float = 30 * 86400.0
    """Over which time the lane's objective is to be met."""


class ProgramSeen(NamedTuple):
    """What the rules see of a program."""

    program: str
    heard: float | None
    """When it last said that it is alive; None: never."""
    now: float
    mta: str = ""
    """Whose it is, where several MTAs are looked at; empty: this one's."""

    @property
    def labels(self) -> dict[str, str]:
        """What an alert about it is about."""
        return {"program": self.program} | ({"mta": self.mta} if self.mta else {})

    @property
    def silence(self) -> float:
        """For how long nothing was heard of it; as good as forever if nothing ever was."""
        return self.now - (self.heard or 0.0)


class Seen(NamedTuple):
    """What the rules see."""

    lanes: tuple[LaneSeen, ...]
    programs: tuple[ProgramSeen, ...]
    relays: tuple[RelaySeen, ...] = ()

    @property
    def preferences(self) -> Iterator[PreferenceSeen]:
        """Those that relays serve."""
        for preference in PREFERENCES:
            yield PreferenceSeen(preference, tuple(relay for relay in self.relays if preference in relay.serves))


class Alert(msgspec.Struct, frozen=True, array_like=True):
    """What is wrong, in words. Stored packed by position: append fields, never reorder."""

    name: str
    """The rule's."""
    labels: dict[str, str]
    """What it is about: ``lane``, ``program``, ``relay`` or ``preference``, and ``mta`` where several are looked at."""
    severity: Severity
    summary: str
    """What was seen, and against which bound."""
    advice: str
    """What it means, and what to do."""

    @property
    def identity(self) -> str:
        """``delayed{lane="priority"}``; there is one alert at a time of an identity."""
        labels = ",".join(f'{name}="{value}"' for name, value in sorted(self.labels.items()))
        return f"{self.name}{{{labels}}}"


class Measured(NamedTuple):
    """A rule's answer, whether anything is wrong or not."""

    alert: Alert
    level: float
    """The measure as a part of its bound."""
    patience: float
    """Seconds that the level has to stay up before the alert fires."""


def _delayed(seen: LaneSeen, _: Alerts) -> Reading | None:
    """A message waits longer than ``alert_after``; a lane whose mail is held by design has none."""
    after = seen.terms.alert_after
    return Reading(
        seen.waited / after,
        f"a message of lane {seen.lane} has waited {span(seen.waited)} (alert_after: {span(after)})",
        f"See where: `lanes ls --lane {seen.lane}` (held), or with `--state deferred` or `inflight`: the MTA's log "
        "says what it does with it.",
    ) if after else None


def _overdue(seen: LaneSeen, bounds: Alerts) -> Reading:
    """The MTA has mail that it did not deliver in time: mostly its destination's doing."""
    return Reading(
        seen.overdue / bounds.overdue,
        f"{_messages(seen.overdue)} of lane {seen.lane} with the MTA past the deadline",
        f"See which: `lanes ls --lane {seen.lane} --state deferred`; the MTA's log has what their destinations say.",
    )


def _overdue_held(seen: LaneSeen, _: Alerts) -> Reading:
    """We hold mail that we did not let go in time: our own doing."""
    return Reading(
        seen.overdue_held,
        f"{_messages(seen.overdue_held)} of lane {seen.lane} on hold past the deadline",
        "Releases do not keep up. Is the window full (`lanes status`), the lane paused, the worker at work? "
        f"`lanes release --lane {seen.lane}` lets all of it go.",
    )


def _full(seen: LaneSeen, _: Alerts) -> Reading | None:
    """A lane has reached its ``max_size``."""
    size = seen.terms.max_size
    return Reading(
        seen.depth / size,
        f"lane {seen.lane} is filled to {seen.depth / size:.0%} ({seen.depth} of {size} messages)",
        f"When it is full, more mail {_OVERFLOW[seen.terms.overflow]}. See who sends so much "
        f"(`lanes ls --lane {seen.lane}`), or where it is stuck (`--state deferred`).",
    ) if size else None


def _filling(seen: LaneSeen, bounds: Alerts) -> Reading | None:
    """A lane comes near its ``max_size``."""
    full = _full(seen, bounds)
    return full and full._replace(level=full.level / bounds.filling)


def _slow(seen: LaneSeen, bounds: Alerts) -> Reading:
    """The p95 is over the SLA; too few deliveries say nothing."""
    p95 = seen.p95 if seen.p95 is not None and seen.delivered >= bounds.events else 0.0
    return Reading(
        p95 / seen.terms.sla,
        f"the p95 of lane {seen.lane} is {span(p95)}, its SLA {span(seen.terms.sla)} "
        f"({_messages(seen.delivered)} in {span(bounds.recent)})",
        "Is the MTA's own queue long, or a destination slow? `lanes status`, and `delays=` in the MTA's log.",
    )


def _burning(severity: Severity, seen: LaneSeen, bounds: Alerts) -> Reading:
    """The error budget is used up too fast."""
    objective = seen.terms.objective
    found = burn(seen.outcomes, objective, seen.period, severity, bounds.events)
    long = seen.outcomes.get(found.window.long, Outcomes())
    return Reading(
        found.level,
        f"lane {seen.lane} missed {long.missed} of {_messages(long.delivered)} in {span(found.window.long)}: "
        f"{found.rate:.3g} times as fast as its objective of {objective:.4g} over {span(seen.period)} allows",
        f"See where the time goes: `lanes sla --since 1d --lane {seen.lane}` (held, or with the MTA?), `lanes status`.",
    )


def _silent(seen: ProgramSeen, bounds: Alerts) -> Reading:
    """Nothing is heard of a program."""
    how_long = f"for {span(seen.silence)}" if seen.heard else "so far"
    whose = f" of {seen.mta}" if seen.mta else ""
    return Reading(
        seen.silence / _half_silence(bounds),
        f"nothing was heard of the {seen.program}{whose} {how_long}",
        f"Without it {PROGRAMS[seen.program]}. Is it running? `systemctl status lanes-{seen.program}`, and its log.",
    )


def _half_silence(bounds: Alerts) -> float:
    """Half of ``silent_after`` is the bound and half the patience: after a boot, when all were silent for
    hours, everybody has some time to come up."""
    return bounds.silent_after / 2


LANE_RULES: tuple[Rule[LaneSeen], ...] = (
    Rule("delayed", "warning", _delayed),
    Rule("overdue", "warning", _overdue),
    Rule("overdue_held", "critical", _overdue_held),
    Rule("filling", "warning", _filling),
    Rule("full", "critical", _full),
    Rule("slow", "warning", _slow),
    Rule("burn_fast", "critical", partial(_burning, "critical")),
    Rule("burn_slow", "warning", partial(_burning, "warning")),
)
PROGRAM_RULES: tuple[Rule[ProgramSeen], ...] = (Rule("silent", "critical", _silent, _half_silence),)
#: Every alert, and its severity.
SEVERITIES: dict[AlertName, Severity] = {
    **{rule.name: rule.severity for rule in LANE_RULES}, **{rule.name: rule.severity for rule in PROGRAM_RULES},
    **{rule.name: rule.severity for rule in RELAY_RULES}, **{rule.name: rule.severity for rule in PREFERENCE_RULES},
}  # fmt: skip


def measure(seen: Seen, bounds: Alerts) -> Iterator[Measured]:
    """Every rule's answer about all that is seen."""
    for lane in seen.lanes:
        yield from _apply(LANE_RULES, lane, {"lane": lane.lane}, bounds)
    for program in seen.programs:
        yield from _apply(PROGRAM_RULES, program, program.labels, bounds)
    for relay in seen.relays:
        yield from _apply(RELAY_RULES, relay, {"relay": relay.relay}, bounds)
    for preference in seen.preferences:
        yield from _apply(PREFERENCE_RULES, preference, {"preference": preference.preference}, bounds)


def _apply(rules: Iterable[Rule[_T]], seen: _T, labels: dict[str, str], bounds: Alerts) -> Iterator[Measured]:
    for rule in rules:
        if reading := rule.read(seen, bounds):
            alert = Alert(rule.name, labels, rule.severity, reading.summary, reading.advice)
            yield Measured(alert, reading.level, rule.patience(bounds))


def _messages(count: int) -> str:
    return "1 message" if count == 1 else f"{count} messages"
