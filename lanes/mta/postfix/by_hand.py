"""What Postfix's log tells of releases and holds by hand, of some messages.

Read are the present log, the one that was last put aside, and what was put aside since the oldest message
came, plain or compressed by gzip(1). What is not logged is not told: ``postsuper -h ALL`` names no ids, and a
log may be older than that, or away. So whoever asks has to look at the spool, too
(:meth:`~lanes.mta.postfix.spool.Spool.tried`).

Failure: none of its own: a log that is not there, or breaks off, tells nothing.
"""

from __future__ import annotations

import contextlib
import gzip
import math
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

from lanes.mta.follow import Follower, put_aside
from lanes.mta.port import Released, Withheld
from lanes.mta.postfix.grammar import PostfixGrammar

_LINES = 10_000
#: Time stamps in the log may be of whole seconds.
_PRECISION = 1.0


class ByHand:
    """Reads about ``ids`` in the log at ``log`` and what was put aside before it."""

    def __init__(self, log: Path, ids: Collection[str], clock: Callable[[], float]) -> None:
        self._log = log
        self._ids = ids
        self._clock = clock
        self._grammar = PostfixGrammar()
        self._follower: Follower | None = None
        self._last: dict[str, float] = {}
        self._oldest = math.inf

    def read(self, since: float) -> None:
        """Read on, to the end of the log as it is now, and back to ``since`` (Unix time in seconds)."""
        self._follower = self._follower or Follower(self._log)
        while lines := self._follower.read(_LINES).lines:
            self._take(lines)
        # After the present one: what is put aside in between is then met at least once.
        if since < self._oldest:
            for path in put_aside(self._log, since - _PRECISION):
                self._take(_lines(path))
            self._oldest = since

    def touched(self, id: str, since: float) -> bool:
        """Whether the message was released or put on hold since it arrived (Unix time in seconds).

        An id that was used before, for a message that is gone, does not count.
        """
        return self._last.get(id, 0.0) >= since - _PRECISION

    def _take(self, lines: Iterable[str]) -> None:
        now = self._clock()
        for line in lines:
            if line.endswith(" hold"):
                event = self._grammar(line, now)
                if isinstance(event, Released | Withheld) and event.id in self._ids:
                    self._last[event.id] = max(event.at, self._last.get(event.id, 0.0))


def _lines(path: Path) -> Iterator[str]:
    opened = gzip.open if path.suffix == ".gz" else open
    with contextlib.suppress(OSError, EOFError, zlib.error), opened(path, "rb") as file:
        for line in file:
            yield line.decode("utf-8", "surrogateescape").rstrip("\r\n")
