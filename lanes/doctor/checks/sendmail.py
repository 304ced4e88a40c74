"""Of Sendmail alone: which one it is, and where it keeps mail."""

from __future__ import annotations

from collections.abc import Iterator

from lanes.doctor.facts import Facts, SendmailSeen
from lanes.doctor.finding import Finding
from lanes.setup.sendmail.target import OLDEST


def young_enough(seen: SendmailSeen, _: Facts) -> Iterator[Finding]:
    """Whether it can hold mail for a filter."""
    if seen.version < OLDEST or not seen.milters:
        number, needed = (".".join(map(str, version)) for version in (seen.version, OLDEST))
        yield Finding("sendmail-version", f"Sendmail is {number}{'' if seen.milters else ', built without MILTER'}",
                      "no filter can be asked, or none can hold mail",
                      by_hand=f"install {needed} or later, built with MILTER")


def queue(seen: SendmailSeen, facts: Facts) -> Iterator[Finding]:
    """Whether mail is where it can be kept and found."""
    setting = facts.settings.mta.sendmail.queue
    for one in seen.folders:
        if not one.there:
            yield Finding("queue", f"the queue {one.path} is not there", "no mail can be kept in it",
                          mend=f"install -d -m 700 {one.path}" if "*" not in one.path else "",
                          by_hand="" if "*" not in one.path else f"make its directories, with mode 700: {one.path}")
        elif one.open:
            yield Finding("queue", f"everybody may write in the queue {one.path}",
                          "who can forge queue files sends as anybody", mend=f"chmod o-w {one.path}")
        elif not one.known:
            yield Finding("queue", f"a queue group has its mail in {one.path}, and mta.sendmail.queue is {setting}",
                          "held mail in there is never found, and never released",
                          by_hand="put the group's directory (P=) below QueueDirectory, by which all are named")
