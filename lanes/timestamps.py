"""Instants as text: RFC 3339, UTC."""

from __future__ import annotations

from datetime import UTC, datetime

#: The last instant that it can write.
_LAST = 253_402_300_799.0


def rfc3339(instant: float) -> str:
    """``2026-11-24T03:18:53.250Z`` for a Unix time in seconds; what is not between 1970 and 9999 is the end nearer to
    it, for who asks wants an answer, whatever was stored."""
    at = datetime.fromtimestamp(min(_LAST, max(0.0, instant)), UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
