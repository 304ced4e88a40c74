"""Which sessions are in the middle of a message, so that the filter can stop between messages."""

from __future__ import annotations

import threading


class UnderWay:
    """The sessions that are in the middle of a message."""

    def __init__(self) -> None:
        self._sessions: set[int] = set()
        self._changed = threading.Condition()

    def begin(self, session: object) -> None:
        """A message begins."""
        with self._changed:
            self._sessions.add(id(session))

    def end(self, session: object) -> None:
        """A message is decided, or will not come."""
        with self._changed:
            self._sessions.discard(id(session))
            self._changed.notify_all()

    def drained(self, within: float) -> bool:
        """Wait until no message is under way, at most ``within`` seconds; whether that is so."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._sessions, within)
