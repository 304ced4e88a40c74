"""Who says a line of a mail log: ``TIME HOST NAME[PID`` in front of the first ``]: ``, and nothing else.

A program that writes no process id, or text that came with mail, may have a ``]: `` of its own further on, with
anything before it: ``... <evil postfix/qmgr[1]: ID: removed``. So the whole of it has to have that form.

Contract: pure, never raises. Source: RFC 3164, 4.1; rsyslog's and postlogd(8)'s formats.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_HEAD = re.compile(r"((?:\d{4}-\S+|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) \S+) ([^\s\[]+)\[\d*", re.ASCII)


class SaidBy(NamedTuple):
    """Who says a line, and when."""

    stamp: str
    """``TIME HOST``, for :class:`~lanes.mta.log_time.LogTime`."""
    name: str
    """The program's: ``postfix/qmgr``."""


def said_by(head: str) -> SaidBy | None:
    """What stands before the first ``]: `` of a line; None if that is not who says it."""
    found = _HEAD.fullmatch(head)
    return SaidBy(found[1], found[2]) if found else None
