"""Values as Redis has them. Redis is not trusted to hold only what we wrote.

Contract: never an error. What is no number, or is too large to be one of ours, and what cannot be decoded,
counts as nothing stored.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import TypeVar

import msgspec

T = TypeVar("T")

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


def decoded(decode: Callable[[bytes], T], stored: bytes | None) -> T | None:
    """What ``decode``, of msgspec's, makes of it; None if there is none, or if it is none of what we store.

    What is nested a thousand times is a ``RecursionError`` to msgspec.
    """
    try:
        return decode(stored) if stored is not None else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
