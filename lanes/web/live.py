"""Who watches: server-sent events, once a second, of one overview for all.

Contract: all are told at the same instants, so however many watch, the overview is made once a second
(:class:`~lanes.web.glances.Shared`); while nobody watches, never. At most ``web.streams`` watch at once. Whoever is
gone is noticed within a second, and at :meth:`Live.close` all streams end.

Failure: while Redis does not answer, those who watch are told a problem instead, and go on watching.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import msgspec
from redis import RedisError

from lanes.web.problems import ProblemError, problem, unavailable

#: Seconds between two events.
EVERY = 1.0
#: Milliseconds after which a browser that lost its stream asks for another.
_RETRY = b"retry: 2000\n\n"


class Live:
    """The streams of one server; ``path`` is what they ask for, ``beat`` tells seconds that only go forward."""

    def __init__(self, overview: Callable[[], msgspec.Raw], most: int, path: str, beat: Callable[[], float]) -> None:
        self._overview = overview
        self._free = threading.BoundedSemaphore(most)
        self._most = most
        self._path = path
        self._beat = beat
        self._closed = threading.Event()

    def enter(self) -> None:
        """Take one of the streams; :meth:`leave` gives it back. Raises :class:`ProblemError` if none is free."""
        if not self._free.acquire(blocking=False):
            raise ProblemError(503, f"{self._most} watch already (web.streams).", {"Retry-After": "10"})

    def leave(self) -> None:
        """Give a stream back."""
        self._free.release()

    def stream(self, gone: Callable[[], bool]) -> Iterator[bytes]:
        """Events, until whoever watches is ``gone``, or all is closed."""
        yield _RETRY
        while not gone():
            yield self._event()
            if self._closed.wait(EVERY - self._beat() % EVERY):
                return

    def close(self) -> None:
        """End all streams."""
        self._closed.set()

    def _event(self) -> bytes:
        try:
            return _sent("overview", self._overview())
        except RedisError as error:
            away = unavailable(error)
            return _sent("problem", problem(away.status, away.detail, self._path))


def _sent(event: str, data: object) -> bytes:
    """As the event stream's format has it; JSON is one line."""
    return b"event: %s\ndata: %s\n\n" % (event.encode(), msgspec.json.encode(data))
