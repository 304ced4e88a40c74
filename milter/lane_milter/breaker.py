"""A circuit breaker: a service that failed a few times in a row is left alone for a while.

*Closed*, every call is allowed. So many failures in a row *open* it, and for ``reset`` seconds nobody
asks. Then one caller is allowed to try; a success closes the breaker, anything else leaves it open
for another ``reset`` seconds. (M. Nygard, "Release It!", 2007, chapter 5.2.)

Contract: safe to share between threads, and no lock is held while the service is asked, so that one
slow answer delays nobody else. Whoever was allowed says how it went; who never says so (because of an
error of another kind) does no harm.
"""

from __future__ import annotations

import threading
from collections.abc import Callable


class Breaker:
    """Opens after ``failures`` failures in a row, for ``reset`` seconds of ``clock``."""

    def __init__(self, failures: int, reset: float, clock: Callable[[], float]) -> None:
        self._failures = failures
        self._reset = reset
        self._clock = clock
        self._lock = threading.Lock()
        self._in_a_row = 0
        self._next_try = 0.0

    def allows(self) -> bool:
        """Whether the service may be asked now; while it is open, true for one caller in ``reset`` seconds."""
        with self._lock:
            if self._in_a_row < self._failures:
                return True
            now = self._clock()
            if now < self._next_try:
                return False
            self._next_try = now + self._reset
            return True

    def succeeded(self) -> None:
        """The service answered: the breaker is closed."""
        with self._lock:
            self._in_a_row = 0

    def failed(self) -> None:
        """The service did not answer."""
        with self._lock:
            self._in_a_row += 1
            self._next_try = self._clock() + self._reset
