"""Of mail on hold."""

from __future__ import annotations

from collections.abc import Iterator

from lanes.doctor.facts import Facts, HeldSeen, SpoolSeen
from lanes.doctor.finding import Finding

#: Ids that a command names.
_NAMED = 20
_WHY = "they should have been released by now"


def overdue(seen: HeldSeen, facts: Facts) -> Iterator[Finding]:
    """What is held past its deadline."""
    for lane, ids in seen.overdue.items():
        what = f"{len(ids)} messages of lane {lane} are on hold past their deadline"
        if lane in seen.paused:
            yield Finding("held-overdue", f"{what}; the lane is paused", _WHY, f"{facts.command} resume {lane}")
        else:
            yield Finding("held-overdue", what, _WHY, f"{facts.command} release {' '.join(ids[:_NAMED])}",
                          "if there are more each time, look into the logs of manager and worker")


def leases(seen: HeldSeen, facts: Facts) -> Iterator[Finding]:
    """What was claimed, and neither released nor taken back."""
    if count := len(seen.claims):
        yield Finding("lease", f"{count} messages were to be released, and were neither released nor taken back",
                      "the manager takes back claims that ran out: is it at work?", f"{facts.command} reconcile")


def unknown(seen: SpoolSeen, facts: Facts) -> Iterator[Finding]:
    """What is on our hold, and not known."""
    if seen.unknown:
        yield Finding("held-unknown", f"{len(seen.unknown)} messages are on our hold and not in Redis, such as "
                      f"{seen.unknown[0]}", "nobody will release them before the next comparison",
                      f"{facts.command} reconcile")


def misplaced(seen: SpoolSeen, facts: Facts) -> Iterator[Finding]:
    """What is not where it is said to be."""
    if seen.misplaced:
        yield Finding("misplaced", f"{seen.misplaced} messages are not where Redis says", "they are counted wrongly",
                      f"{facts.command} reconcile")
