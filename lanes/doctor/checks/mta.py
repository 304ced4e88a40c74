"""Of the MTA and its configuration."""

from __future__ import annotations

from collections.abc import Iterator

from lanes.doctor.facts import Facts, MtaSeen
from lanes.doctor.finding import Finding
from lanes.setup.plan import Change, Kind

_ENOUGH = 200_000_000
#: Characters of a value that are shown.
_SHOWN = 120


def running(seen: MtaSeen, _: Facts) -> Iterator[Finding]:
    """Whether it runs at all."""
    if not seen.running:
        yield Finding("mta", "the MTA does not run", "no mail is taken in or delivered", seen.start)


def set_up(seen: MtaSeen, facts: Facts) -> Iterator[Finding]:
    """Order of filters, what is done without them, time-outs, ids, transports, the map, own domains; our settings."""
    command = f"{facts.command} setup {facts.settings.mta.kind} --apply && {seen.reload}"
    absent = tuple(f"{_transport(change)}_" for change in seen.missing if change.kind is Kind.SERVICE)
    for change in seen.missing:
        if change.kind is Kind.PARAMETER and change.name.startswith(absent):
            continue  # the limits of a transport that is missing itself
        if change.kind is Kind.SOURCE and any(one.kind is Kind.PARAMETER for one in seen.missing):
            continue  # what is built from it says what is wrong
        after = "then restart the filter: systemctl restart lanes-milter" if change.name == "milter.socket" else ""
        yield Finding(change.name or change.where.name, _is_not(change), change.why, command, after)


def _is_not(change: Change) -> str:
    """What is, and what should be."""
    if change.kind in (Kind.FILE, Kind.SOURCE, Kind.FOLDER):
        return f"{change.where} {'is not as it should be' if change.before else 'is not there'}"
    if change.kind is Kind.SERVICE:
        return f"there is no transport {_transport(change)} in {change.where}"
    before = _short(change.before) or "not set"
    return f"{change.name} in {change.where} is {before}, and should be {_short(change.after) or 'not set'}"


def _transport(change: Change) -> str:
    return change.name.partition("/")[0]


def _short(value: str) -> str:
    return value if len(value) <= _SHOWN else f"{value[:_SHOWN]}..."


def notes(seen: MtaSeen, _: Facts) -> Iterator[Finding]:
    """What an administrator has to know of this configuration."""
    for note in seen.notes:
        yield Finding("notes", note, "`lanes setup` cannot tell whether it is meant so", severity="hint")


def same_log(seen: MtaSeen, facts: Facts) -> Iterator[Finding]:
    """Whether the MTA writes the log that is followed."""
    if seen.log and seen.log != facts.settings.mta.log:
        yield Finding("log", f"the MTA writes its log to {seen.log}, and mta.log is {facts.settings.mta.log}",
                      "what becomes of mail is read from there", by_hand=f'in the settings: mta.log = "{seen.log}"')


def spool_space(seen: MtaSeen, _: Facts) -> Iterator[Finding]:
    """Room for the spool."""
    if seen.free < _ENOUGH:
        yield Finding("spool-space", f"only {seen.free // 10**6} MB are free for the MTA's spool",
                      "held mail needs room, and without any no mail is taken in",
                      by_hand="make room, or release what is held")
