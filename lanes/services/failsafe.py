"""The failsafe: when the manager or the worker is silent, held mail is let go without them.

It needs neither Redis nor RQ: heartbeats are files (:mod:`lanes.services.alive`), and which holds are ours,
and by when each message is due, the spool tells. So with everything else dead for good, mail flows as if
mta-lanes were not installed.

Contract: only our own holds are released, the earliest deadline first, so many at a time, until manager and
worker are heard of again. One line in the log for each wave. A look that finds both at work costs two
lstat(2); one that does not costs the reading of what is held, and is followed by a rest ten times as long.

Failure: :class:`~lanes.mta.port.MtaError` is logged, and the next turn tries again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import structlog

from lanes.config import Settings
from lanes.mta.port import Control, Hold, MtaError, Queue
from lanes.services.alive import silent
from lanes.services.difference import deadline_of
from lanes.services.steady import STEP

log = structlog.get_logger("lanes.failsafe")

#: Whose silence means that nobody releases.
PROGRAMS = ("manager", "worker")
#: Its own name, where it says that it was at work.
FAILSAFE = "failsafe"
#: A part of the time, at most, that is spent on looking.
_AT_WORK = 0.1


class Failsafe:
    """One MTA's failsafe. Programs that were never heard of get their time ``since`` (Unix time in seconds); so do all
    when the clock is set, since ``monotonic`` (seconds) tells that no time has passed."""

    def __init__(self, settings: Settings, control: Control, clock: Callable[[], float],
                 sleep: Callable[[float], None], since: float = 0.0,
                 monotonic: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._control = control
        self._clock = clock
        self._sleep = sleep
        self._since = since
        self._monotonic = monotonic
        self._origin = clock() - monotonic()
        self._looked = 0.0

    def step(self) -> float:
        """A turn that survives the MTA's absence; the seconds to wait before the next one."""
        self._looked = 0.0
        try:
            self.turn()
        except MtaError as error:
            log.error("cannot release", error=str(error))
        return max(self._settings.failsafe.every, self._looked / _AT_WORK)

    def turn(self) -> int:
        """Release what is held now, wave by wave, while somebody is silent; how many were."""
        released = 0
        for wave in self._waves() if self.silent() else ():
            if not (missing := self.silent()):
                log.info("heard of again; the rest stays on hold")
                break
            done = self._control.release(wave)
            released += len(done)
            log.warning("wave", silent=missing, messages=len(done))
            self._sleep(self._settings.failsafe.every)
        return released

    def silent(self) -> list[str]:
        """Which of the programs that release have not worked for too long."""
        now = self._clock()
        origin = now - self._monotonic()
        if abs(origin - self._origin) > STEP:
            log.warning("the clock was set; all have their time again", seconds=round(origin - self._origin))
            self._since = now
        self._origin = origin
        return silent(self._settings, PROGRAMS, now, self._since)

    def held(self) -> list[tuple[float, str]]:
        """Deadline and id of all messages on our hold, the earliest first."""
        started = self._clock()
        where = self._control.where()
        marked = self._control.marks(id for id, queue in where.items() if queue is Queue.HOLD)
        held = sorted((deadline_of(marks, self._settings), id) for id, marks in marked if marks.hold is Hold.OURS)
        self._looked = self._clock() - started
        return held

    def _waves(self) -> Iterator[list[str]]:
        held, size = [id for _, id in self.held()], self._settings.failsafe.wave
        return (held[start : start + size] for start in range(0, len(held), size))
