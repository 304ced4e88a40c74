"""Numbers as Redis has them. Redis is not trusted to hold only what we wrote.

Contract: never an error. What is no number, or is too large to be one of ours, counts as nothing stored.
"""

from __future__ import annotations

import math
import re

_COUNT = re.compile(rb"\d{1,18}")


def count(stored: bytes | None) -> int:
    """A count; 0 if there is none."""
    return int(stored) if stored and _COUNT.fullmatch(stored) else 0


def instant(stored: bytes | None) -> float | None:
    """An instant in Unix time; None if there is none."""
    try:
        number = float(stored or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None
