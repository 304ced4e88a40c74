"""The manager's clock: the wall clock, but it is not set back.

Deadlines, leases and turns are instants of the wall clock, written down when it said something else if it was set
since. Set forward, what is written down comes sooner; set back, it comes later: mail would stay on hold, and claims
with a worker that is gone, for as long as the clock was set back by. So after such a step the manager goes on by the
time that would be it without the step, until all that was accepted before is due.

Contract: never behind the wall clock, and ahead of it by ``memory`` seconds at most, for so many seconds at most: the
longest SLA, since no deadline is further away. Mail that is accepted meanwhile leaves sooner than it would have to.
What the wall clock was ahead of the monotonic one is kept in Redis, so a step is noticed also if the manager was away,
unless the machine was started anew.

Failure: :class:`redis.RedisError`; the next look asks again.
"""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import structlog

from lanes.store.origin import Origin
from lanes.store.store import Store

log = structlog.get_logger("lanes.steady")

#: Seconds between two looks by which a clock that is set right little by little may be off.
STEP = 1.0


class Steady:
    """One manager's clock. ``boot`` names this boot of the machine."""

    def __init__(self, store: Store, memory: float, boot: str) -> None:
        self._store = Origin(store.client, store.keys, boot)
        self._memory = memory
        self._origin: float | None = None
        self._kept: float | None = None
        self._since = 0.0
        self._ahead = False

    def __call__(self, wall: float, monotonic: float) -> float:
        """The time to go by; of the two clocks, read at the same instant, in seconds."""
        right = wall - monotonic
        if self._origin is None:
            self._kept = self._store.read()
            self._origin, self._since = self._kept or right, monotonic
        if right > self._origin - STEP or monotonic - self._since > self._memory:
            self._origin, self._since = right, monotonic
        self._origin = min(self._origin, right + self._memory)
        self._tell(self._origin - right)
        if self._kept is None or abs(self._origin - self._kept) > STEP:
            self._store.keep(self._origin)
            self._kept = self._origin
        return monotonic + self._origin

    def _tell(self, ahead: float) -> None:
        if self._ahead != (ahead > 0):
            self._ahead = ahead > 0
            log.warning("the clock was set back; mail leaves as if it had not been" if self._ahead
                        else "mail leaves by the clock again", ahead=round(ahead, 3))


def boot() -> str:
    """The name of this boot of the machine (random(4)); where that may not be read, none that comes again."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return uuid4().hex
