"""When messages came, and when they were ready to be delivered: what Sendmail's log says only elsewhere.

Sendmail logs durations in whole seconds (``delay=00:00:01``), and not how long a message waited for a process that
delivers it. With time stamps finer than that, both follow from earlier lines: the acceptance, and the release.

Contract: bounded: of the messages that were heard of, the last fifty thousand are remembered, and none from before
the program was started. For the others, Sendmail's own whole seconds have to do, and no wait is told.
"""

from __future__ import annotations

from typing import NamedTuple

_REMEMBERED = 50_000
#: Seconds by which a duration told in whole seconds may be off, at either end.
_ROUNDED = 2.0


class Known(NamedTuple):
    """What was heard of a message, in Unix time; None: not."""

    accepted: float | None = None
    ready: float | None = None
    """When it could be delivered for the first time since it was accepted, or released; not after a deferral."""


_NOTHING = Known()


class Times:
    """What is remembered."""

    def __init__(self) -> None:
        self._known: dict[str, Known] = {}

    def accepted(self, id: str, at: float) -> None:
        """The message came."""
        self._put(id, Known(at, at))

    def released(self, id: str, at: float) -> None:
        """It was taken off hold."""
        self._put(id, self._of(id)._replace(ready=at))

    def tried(self, id: str) -> None:
        """It was tried in vain, or put on hold: from now on it waits for something else than a process."""
        if id in self._known:
            self._put(id, self._of(id)._replace(ready=None))

    def gone(self, id: str) -> None:
        """It left the queue."""
        self._known.pop(id, None)

    def delay(self, id: str, at: float, told: float) -> float:
        """Seconds from acceptance to ``at``, as exactly as is known."""
        accepted = self._of(id).accepted
        return at - accepted if accepted is not None and abs(at - accepted - told) < _ROUNDED else told

    def wait(self, id: str, began: float) -> float:
        """Seconds that it was ready before a delivery ``began``; 0 if that is not known."""
        ready = self._of(id).ready
        return max(began - ready, 0.0) if ready is not None else 0.0

    def _of(self, id: str) -> Known:
        return self._known.get(id, _NOTHING)

    def _put(self, id: str, known: Known) -> None:
        self._known.pop(id, None)
        self._known[id] = known
        if len(self._known) > _REMEMBERED:
            del self._known[next(iter(self._known))]
