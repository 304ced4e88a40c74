"""Counters for Flask-Limiter, in memory.

Its own (``memory://``) forget what is over by a thread that they start up to a hundred times a second, and when two
requests start the same one, one of them fails. Here what is over is forgotten by the way.

Contract: safe to share between threads. A counter is 0 once its time is over, also if the wall clock was set meanwhile.
Failure: none.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from limits.storage import Storage

#: Of a storage's URI, for Flask-Limiter.
SCHEME = "counts"
#: Seconds between two looks for what is over.
_TIDY_EVERY = 60.0


class _Count(NamedTuple):
    number: int
    until: float
    """By a clock that only goes forward; seconds."""


class Counts(Storage):
    """Counters by name."""

    STORAGE_SCHEME = [SCHEME]  # noqa: RUF012 - the base class has it so

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, clock: Callable[[], float] = time.time,
                 beat: Callable[[], float] = time.monotonic, **options: float | str | bool) -> None:
        super().__init__(uri, wrap_exceptions, **options)
        self._clock = clock
        self._beat = beat
        self._counts: dict[str, _Count] = {}
        self._lock = threading.Lock()
        self._tidy_at = self._beat() + _TIDY_EVERY

    @property
    def base_exceptions(self) -> tuple[type[Exception], ...]:
        """None."""
        return ()

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count so much more, from 0 on if the counter's time of ``expiry`` seconds is over."""
        now = self._beat()
        with self._lock:
            count = self._counts.get(key)
            if count is None or count.until <= now:
                count = _Count(0, now + expiry)
            count = self._counts[key] = count._replace(number=count.number + amount)
            if now >= self._tidy_at:
                self._tidy(now)
            return count.number

    def get(self, key: str) -> int:
        """What was counted."""
        count = self._counts.get(key)
        return count.number if count and count.until > self._beat() else 0

    def get_expiry(self, key: str) -> float:
        """When the counter's time is over, in Unix time."""
        count = self._counts.get(key)
        return self._clock() + (count.until - self._beat() if count else 0.0)

    def check(self) -> bool:
        """Whether it works."""
        return True

    def reset(self) -> int:
        """Forget all counters; how many these were."""
        with self._lock:
            forgotten = len(self._counts)
            self._counts.clear()
            return forgotten

    def clear(self, key: str) -> None:
        """Forget a counter."""
        with self._lock:
            self._counts.pop(key, None)

    def _tidy(self, now: float) -> None:
        self._tidy_at = now + _TIDY_EVERY
        self._counts = {key: count for key, count in self._counts.items() if count.until > now}
