"""Of the filter's socket."""

from __future__ import annotations

from collections.abc import Iterator

from lanes.doctor.facts import Facts, SocketSeen
from lanes.doctor.finding import Finding

_WHY = "the MTA accepts mail untouched, without lanes"
_GROUP_MAY = 0o060


def opened(seen: SocketSeen, facts: Facts) -> Iterator[Finding]:
    """Whether every daemon that asks milters reaches the filter."""
    failed = [door for door in seen.doors if door.error]
    if not failed:
        yield from _distrusted(seen)
        return
    what = "; ".join(f"{door.who} cannot connect to {door.address}: {door.error}" for door in failed)
    yield Finding("socket", what, _WHY, *_mend(seen, facts))


def _distrusted(seen: SocketSeen) -> Iterator[Finding]:
    """What the MTA does not open, though it could."""
    if seen.unsafe:
        yield Finding("socket", f"others may write in {seen.unsafe}, on the way to the filter's socket, and the MTA "
                      "does not go there", _WHY, mend=f"chmod go-w {seen.unsafe}")


def _mend(seen: SocketSeen, facts: Facts) -> tuple[str, str]:
    """The command, or what is to be done."""
    if seen.closed:
        return f"chmod a+x {seen.closed}", ""
    if not seen.path or not seen.there:
        return "systemctl restart lanes-milter", ""
    group = facts.settings.milter.group
    if seen.mode & _GROUP_MAY != _GROUP_MAY or seen.group != group:
        return f"chgrp {group} {seen.path} && chmod 660 {seen.path}", ""
    return "systemctl restart lanes-milter", "look into its log if it does not come up"
