"""Instants and durations that mail carries.

Instants are Unix time in seconds. Failure: ``ValueError`` saying what is wrong.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

_RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d):(\d\d)(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_BY = re.compile(r"([+-]?\d{1,9})\s*;\s*[RrNn][Tt]?", re.ASCII)


def parse_instant(text: str) -> float:
    """An instant as RFC 3339 writes it (section 5.6), a leap second read as the one before it."""
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError("not an RFC 3339 date and time such as 2026-11-24T09:30:00Z")
    day, minute, second, fraction, zone = match.groups()
    zone = "+00:00" if zone in "Zz" else zone
    second = "59" if second == "60" else second
    try:
        whole = datetime.fromisoformat(f"{day}T{minute}:{second}{zone}").timestamp()
    except (ValueError, OverflowError) as error:
        raise ValueError(f"not a date: {error}") from error
    return whole + float(fraction or 0)


def parse_by(text: str) -> float:
    """Seconds from acceptance, of the value of ``BY=`` (RFC 2852, 4: ``120;R``); may be negative."""
    match = _BY.fullmatch(text)
    if match is None:
        raise ValueError("not a BY= value such as 120;R")
    return float(match[1])


def format_instant(instant: float) -> str:
    """``2026-11-24T09:30:00Z``, to the second."""
    return datetime.fromtimestamp(instant, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
