"""Instants as text: RFC 3339, UTC."""

from __future__ import annotations

from datetime import UTC, datetime


def rfc3339(instant: float) -> str:
    """``2026-11-24T03:18:53.250Z`` for a Unix time in seconds."""
    return datetime.fromtimestamp(instant, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
