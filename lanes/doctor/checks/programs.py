"""Of our programs."""

from __future__ import annotations

from collections.abc import Iterator

from lanes.config.units import format_seconds
from lanes.doctor.facts import Facts, ProgramsSeen
from lanes.doctor.finding import Finding
from lanes.services.failsafe import FAILSAFE
from lanes.sla.rules import PROGRAMS

_ROOT = 0
#: What takes mail off hold, by kind of MTA.
_WORKS_THE_QUEUE = {"postfix": "postsuper(1)", "sendmail": "sendmail -qQ"}


def silent(seen: ProgramsSeen, facts: Facts) -> Iterator[Finding]:
    """Who was not heard of."""
    for one in seen.told:
        if one.silence > facts.settings.alerts.silent_after / 2:
            since = "nothing was ever heard" if one.heard is None else f"nothing was heard for {_span(one.silence)}"
            yield Finding(one.program, f"{since} of the {one.program}", f"without it {PROGRAMS[one.program]}",
                          f"systemctl restart lanes-{one.program}")


def beats(seen: ProgramsSeen, facts: Facts) -> Iterator[Finding]:
    """Whether the failsafe is at work, and hears of those who work."""
    late = {program: since for program, since in seen.beats.items()
            if since is None or since > facts.settings.failsafe.after}
    missed = {one.program for one in seen.told if one.silence > facts.settings.alerts.silent_after / 2}
    for program, since in late.items():
        heard = "never" if since is None else f"{_span(since)} ago"
        if program == FAILSAFE:
            yield Finding("failsafe", f"the failsafe was last at work: {heard}",
                          "nobody lets held mail go when manager and worker die",
                          mend="systemctl enable --now lanes-failsafe.timer")
        elif program not in missed:
            yield Finding("heartbeat", f"the {program} works, but its heart last beat: {heard}",
                          "the failsafe takes it for dead, and releases all held mail",
                          mend=f"systemctl restart lanes-{program}",
                          by_hand=f"all need the same data_dir ({facts.settings.data_dir}), and to write in it")


def privilege(seen: ProgramsSeen, facts: Facts) -> Iterator[Finding]:
    """Whether the worker may do what it is there for."""
    kind = facts.settings.mta.kind
    for pid, user in seen.worker_users.items():
        if user != _ROOT:
            yield Finding("worker-privilege", f"the worker (process {pid}) does not run as root, but as user {user}",
                          f"{_WORKS_THE_QUEUE[kind]} is for root only, so nothing is released",
                          by_hand="run it by the unit of contrib/systemd, which has User=root")
        elif kind == "sendmail" and pid in seen.shut_in:
            yield Finding("worker-privilege", f"the worker (process {pid}) is shut in (NoNewPrivileges)",
                          "on Sendmail, what delivers released mail is a child of its, and reaches no mailbox",
                          by_hand="contrib/sendmail/releases.conf as sendmail.conf in lanes-worker.service.d and "
                                  "lanes-failsafe.service.d of /etc/systemd/system, then systemctl daemon-reload, and "
                                  "restart both")


def _span(seconds: float) -> str:
    return format_seconds(round(seconds))
