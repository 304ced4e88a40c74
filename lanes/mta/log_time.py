"""The time stamps of a mail log, as Unix time.

Two forms: RFC 3339 (``2026-11-24T03:18:53.123456+00:00``), complete in itself, and the traditional
one of syslog (``Nov 24 03:18:53``, RFC 3164 4.1.2), in the machine's own zone and without a year: then
it is the latest such time that is not more than a day ahead of now.

Contract: one form or the other, chosen by the first character; anything else is None.
"""

from __future__ import annotations

import re
import time
from datetime import datetime

_DAY = 86400.0
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec "
_TRADITIONAL = re.compile(r"([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d) ", re.ASCII)


class LogTime:
    """Reads the time at the start of a line's ``TIME HOST``; remembers the last one, since many lines share it."""

    def __init__(self) -> None:
        self._last: tuple[str, int] = ("", 0)
        self._last_time: float | None = None

    def __call__(self, text: str, now: float) -> float | None:
        """Unix time in seconds, or None if the text does not start with a time."""
        stamp = text.partition(" ")[0] if text[:1].isdigit() else text[:16]
        key = (stamp, int(now // _DAY))
        if key != self._last:
            self._last, self._last_time = key, _read(stamp, now)
        return self._last_time


def _read(stamp: str, now: float) -> float | None:
    try:
        return datetime.fromisoformat(stamp).timestamp() if stamp[:1].isdigit() else _traditional(stamp, now)
    except (ValueError, OverflowError):
        return None


def _traditional(stamp: str, now: float) -> float | None:
    found = _TRADITIONAL.match(stamp)
    if not found or f"{found[1]} " not in _MONTHS:
        return None
    month = _MONTHS.index(found[1]) // 4 + 1
    day, hour, minute, second = map(int, found.groups()[1:])
    year = time.localtime(now).tm_year + 1
    while (at := time.mktime((year, month, day, hour, minute, second, 0, 0, -1))) > now + _DAY:
        year -= 1
    return at
