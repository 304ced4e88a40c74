"""What Postfix's log tells of releases and holds by hand, of some messages.

Read are the present log and the one that was last put aside, plain or compressed by gzip(1). What is
not logged is not told: ``postsuper -h ALL`` names no ids, and a log may be older than that, or away.
So whoever asks has to look at the spool, too (:meth:`~lanes.mta.postfix.spool.Spool.tried`).

Failure: none of its own: a log that is not there, or breaks off, tells nothing.
"""

from __future__ import annotations

import contextlib
import gzip
import zlib
from collections.abc import Callable, Collection, Iterable
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

    def read(self) -> None:
        """Read on, to the end of the log as it is now."""
        if self._follower is None:
            self._take(_last_put_aside(self._log))
            self._follower = Follower(self._log)
        while lines := self._follower.read(_LINES).lines:
            self._take(lines)

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
                    self._last[event.id] = event.at


def _last_put_aside(log: Path) -> Iterable[str]:
    for path in put_aside(log)[-1:]:
        opened = gzip.open if path.suffix == ".gz" else open
        with opened(path, "rb") as file, contextlib.suppress(OSError, EOFError, zlib.error):
            for line in file:
                yield line.decode("utf-8", "surrogateescape").rstrip("\r\n")
