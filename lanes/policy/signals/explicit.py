"""What the sender asked for, in so many words. Whether it counts is for the rules to say."""

from __future__ import annotations

import re

from lanes.config.errors import nearest
from lanes.config.units import format_seconds
from lanes.message import COST_HEADER, DEADLINE_HEADER, PREFERENCES, PRIORITY_HEADER
from lanes.policy.facts import Facts, Kind, Seen
from lanes.policy.instants import parse_by, parse_instant
from lanes.policy.signals.registry import signal

_INTEGER = re.compile(r"[+-]?\d{1,2}", re.ASCII)
_COMMENT = re.compile(r"\([^()]*\)")
_LEVELS = {"1": "high", "2": "high", "high": "high", "3": "normal", "normal": "normal",
           "4": "low", "5": "low", "low": "low", "non-urgent": "low", "urgent": "high"}


def lane(facts: Facts, name: str, said: str) -> Seen | None:
    """The lane that ``said`` names or is an alias of; a remark if none."""
    found = facts.site.lane(said)
    if found is None:
        facts.remark(name, said, f"ignored: no such lane; {nearest(said[:40], facts.site.lane_names)}")
        return None
    return Seen(found, said)


def instant(facts: Facts, name: str, said: str) -> Seen | None:
    """The instant that ``said`` spells; a remark if it does not, or one that nobody can mean."""
    try:
        found = parse_instant(said)
    except ValueError as error:
        facts.remark(name, said, f"ignored: {error}")
        return None
    return near(facts, name, found, said)


def near(facts: Facts, name: str, found: float, said: str) -> Seen | None:
    """``found``, unless it is beyond the horizon; a remark if it is past, or beyond."""
    ahead = found - facts.now
    when = f"{format_seconds(round(abs(ahead)))} {'ahead' if ahead > 0 else 'past'}"
    if abs(ahead) > facts.site.horizon:
        facts.remark(name, said, f"ignored: absurd, {when}")
        return None
    if ahead <= 0:
        facts.remark(name, said, f"{when}: overdue already")
    return Seen(found, said)


def preference(facts: Facts, name: str, said: str) -> Seen | None:
    """The preference that ``said`` names; a remark if none."""
    found = said.lower()
    if found not in PREFERENCES:
        facts.remark(name, said, f"ignored: no such preference; {nearest(found[:40], PREFERENCES)}")
        return None
    return Seen(found, said)


@signal("asked-lane", Kind.LANE)
def asked_lane(facts: Facts) -> Seen | None:
    """``X-Message-Priority``: a lane's name or alias (the research paper's header)."""
    said = facts.header(PRIORITY_HEADER.lower())
    return None if said is None else lane(facts, PRIORITY_HEADER, said)


@signal("asked-deadline", Kind.INSTANT)
def asked_deadline(facts: Facts) -> Seen | None:
    """``X-SLA-Deadline``: an RFC 3339 instant (the research paper's header)."""
    said = facts.header(DEADLINE_HEADER.lower())
    return None if said is None else instant(facts, DEADLINE_HEADER, said)


@signal("asked-preference", Kind.PREFERENCE)
def asked_preference(facts: Facts) -> Seen | None:
    """``X-Cost-Preference``: speed, balanced or economy (the research paper's header)."""
    said = facts.header(COST_HEADER.lower())
    return None if said is None else preference(facts, COST_HEADER, said)


@signal("mt-priority", Kind.LANE)
def mt_priority(facts: Facts) -> Seen | None:
    """``MT-Priority`` (RFC 6758): -9 to 9 (RFC 6710), a lane by ``policy.mt_priority``."""
    said = facts.header("mt-priority")
    if said is None:
        return None
    number = _COMMENT.sub("", said).strip()
    if not _INTEGER.fullmatch(number) or not -9 <= int(number) <= 9:
        facts.remark("MT-Priority", said, "ignored: not a number from -9 to 9")
        return None
    found = facts.site.lane_of_mt_priority(int(number))
    return None if found is None else Seen(found, said)


@signal("priority", Kind.TEXT)
def priority(facts: Facts) -> Seen | None:
    """``Priority`` (RFC 2156): normal, urgent or non-urgent, a wish about transmission."""
    return _one_of(facts, "Priority", ("normal", "urgent", "non-urgent"))


@signal("importance", Kind.TEXT)
def importance(facts: Facts) -> Seen | None:
    """``Importance`` (RFC 2156): low, normal or high, for the reader, not for transmission (RFC 6758, 3.1)."""
    return _one_of(facts, "Importance", ("low", "normal", "high"))


@signal("x-priority", Kind.TEXT)
def x_priority(facts: Facts) -> Seen | None:
    """``X-Priority: 1 (Highest)`` to ``5``, or ``X-MSMail-Priority``, read as high, normal or low.

    Nobody's standard; mail programs write it for each other.
    """
    said = facts.header("x-priority") or facts.header("x-msmail-priority")
    level = _LEVELS.get(said.split("(")[0].strip().lower()) if said else None
    return None if said is None or level is None else Seen(level, said)


@signal("deliver-by", Kind.INSTANT)
def deliver_by(facts: Facts) -> Seen | None:
    """``BY=`` of MAIL FROM (RFC 2852, 4), where the MTA takes it: seconds from acceptance."""
    said = facts.message.by
    if not said:
        return None
    try:
        ahead = parse_by(said)
    except ValueError as error:
        facts.remark("BY", said, f"ignored: {error}")
        return None
    return near(facts, "BY", facts.now + ahead, said)


def _one_of(facts: Facts, header: str, allowed: tuple[str, ...]) -> Seen | None:
    said = facts.header(header.lower())
    if said is None:
        return None
    found = _COMMENT.sub("", said).strip().lower()
    if found not in allowed:
        facts.remark(header, said, f"ignored: not one of {', '.join(allowed)}")
        return None
    return Seen(found, said)
