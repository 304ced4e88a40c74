"""Of the MTA's log, and how it is read."""

from __future__ import annotations

from collections.abc import Iterator

from lanes.config.units import format_seconds
from lanes.doctor.facts import Facts, LogSeen
from lanes.doctor.finding import Finding
from lanes.mta.journal import JOURNALD

#: Seconds that a log may take to be written, or read, before it is late.
_LATE = 60.0
#: The part of a log's lines that may be strange, and the lines that tell.
_STRANGE, _ENOUGH = 0.01, 100
_WHY = "what becomes of mail is read from there: nothing settles, and the window fills"


def readable(seen: LogSeen, _: Facts) -> Iterator[Finding]:
    """Whether the tracker may read it."""
    if not seen.error:
        return
    what = f"{seen.reader} cannot read {seen.path}: {seen.error}"
    if seen.path == JOURNALD:
        yield Finding("log", what, _WHY, f"usermod -aG {seen.group} {seen.reader} && systemctl restart lanes-tracker")
    elif seen.written:
        mend = f"chgrp {seen.group} {seen.path} && chmod g+r {seen.path}"
        yield Finding("log", what, _WHY, mend, "and have logrotate(8) create it so")
    else:
        yield Finding("log", what, _WHY, by_hand="is mta.log the right file?")


def written(seen: LogSeen, _: Facts) -> Iterator[Finding]:
    """Whether it is the log that the MTA writes."""
    if not seen.error and (behind := seen.accepted - seen.written) > _LATE:
        what = (f"{seen.path} was last written {_span(behind)} before the last message came in" if seen.written
                else f"{seen.path} has nothing of the MTA's, and mail came in")
        yield Finding("log", what, _WHY, by_hand="set mta.log to where the MTA's log goes now: a file, or journald")


def understood(seen: LogSeen, _: Facts) -> Iterator[Finding]:
    """Whether its lines are what they should be."""
    if seen.lines >= _ENOUGH and seen.unparsed > _STRANGE * seen.lines:
        yield Finding("log-unparsed", f"{seen.unparsed} of {seen.lines} lines of the log were not understood", _WHY,
                      by_hand="is it the MTA's own log, in syslog's traditional format or with RFC 3339 times?")


def stamps(seen: LogSeen, _: Facts) -> Iterator[Finding]:
    """Whether its clock, and its time zone, are ours."""
    if seen.last_stamp is None or abs(off := seen.last_stamp - seen.written) <= _LATE:
        return
    way = "later" if off > 0 else "earlier"
    yield Finding("log-clock", f"the last line of {seen.path} claims to be {_span(abs(off))} {way} than it was written",
                  "queue times and deadlines are measured by these stamps", mend="timedatectl set-ntp true",
                  by_hand="or syslog's time zone is not this host's: restart it and the MTA")


def lag(seen: LogSeen, facts: Facts) -> Iterator[Finding]:
    """Whether the tracker keeps up; one that is silent is told of as that."""
    behind = facts.now - seen.until
    if seen.until and behind > _LATE and _heard_tracker(facts):
        yield Finding("tracker-lag", f"the tracker has read the log up to {_span(behind)} ago",
                      "what is known of mail is so old", mend="systemctl restart lanes-tracker",
                      by_hand="its log says what holds it up")


def _heard_tracker(facts: Facts) -> bool:
    programs = getattr(facts.programs, "told", ())
    return any(one.program == "tracker" and one.silence <= facts.settings.alerts.silent_after / 2 for one in programs)


def _span(seconds: float) -> str:
    return format_seconds(round(seconds))
