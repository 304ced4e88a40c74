"""The window that sets itself: as much in flight as the MTA delivers, and no standing queue.

A queue in the MTA that drains is good: it keeps the MTA busy. One that stands only makes all mail
wait, urgent mail too. What tells them apart is the *least* time that any message spent waiting in
the queue manager (``b`` of ``delays=a/b/c/d`` in Postfix's log) over an interval: a queue that
drained let somebody through at once (Nichols and Jacobson, CoDel, RFC 8289, section 3). CoDel drops
packets; we release fewer messages.

- While somebody gets through in less than half the target, and the window is used up, it grows: by
  one for each delivery at first (it doubles with every turnover, as TCP's slow start does), and by
  an eighth of that once it has been too wide. If at first all that was in flight was let out at one step
  and is delivered at the next, the MTA has been idle since, and the window becomes four times as wide.
- When everybody has waited longer than the target for a whole interval, it shrinks, and shrinks
  again sooner and sooner while that goes on (``interval / sqrt(n)``, RFC 8289, section 5.3), but not
  before the last shrinking has shown in what is in flight.
- When for an interval less than half of it was used, it shrinks towards what was used: what was
  right last night says little about this morning.

Who is *somebody*: urgent mail, for that is whom the window protects. Where none was delivered, the mail
of the lane that waits longest: if even its luckiest message waited, the MTA is busy, not one slow
destination. And where that lane waits while urgent mail does not (bulk has a road of its own, which is
full), a wider window would only move mail from one queue, where it can still be ordered, to another:
so it does not grow then.

Contract: a frozen value and a pure step. The window stays within its limits whatever is seen.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import NamedTuple

from lanes.config.model import Manager

#: What a shrinking leaves of the window.
SHRINK = 0.7
#: Growth per delivery once the window has been too wide; before that it is 1.
PROBE = 1 / 8
#: Growth per delivery where the MTA was found idle, and the window has not been too wide yet.
IDLE = 3
#: More than so much of the window in flight: the last closing has not shown yet, or it is mail that
#: passes unheld which fills the MTA. Closing further would help nobody.
OVER = 1.1


class Limits(NamedTuple):
    """What an operator sets."""

    minimum: int
    maximum: int
    target: float
    """Seconds in the queue manager that urgent mail may stand; CoDel's TARGET."""
    interval: float
    """Seconds for which it must have stood; more than mail usually spends in the MTA; CoDel's INTERVAL."""

    @classmethod
    def of(cls, manager: Manager) -> Limits:
        """The limits of a window that sets itself."""
        return cls(manager.window_min, manager.window_max, manager.window_target, manager.window_interval)


class Phase(StrEnum):
    """What the window is doing, for people."""

    OPENING = "opens: the MTA takes all it is given"
    PROBING = "widens: urgent mail does not wait"
    RESTING = "rests: it is not used up"
    FULL = "rests: urgent mail does not wait, but there is other mail that the MTA has no hands for"
    WATCHING = "watches: mail waits in the MTA, but not for long"
    CLOSING = "closes: mail has stood in the MTA"
    FADING = "fades: it was hardly used"
    FIXED = "is fixed by the settings"


class Waited(NamedTuple):
    """How long mail of a lane that was delivered had been in the queue manager."""

    least: float
    """Seconds that the luckiest message waited."""
    deliveries: int

    @classmethod
    def of(cls, seconds: Collection[float]) -> Waited:
        """From each delivered message's wait; there is at least one."""
        return cls(min(seconds), len(seconds))

    def __or__(self, other: Waited) -> Waited:
        return Waited(min(self.least, other.least), self.deliveries + other.deliveries)


class Seen(NamedTuple):
    """What was delivered since the last step."""

    urgent: float | None
    """The least that a delivered message of the most urgent lane waited in the queue manager, in
    seconds; None if there was none."""
    others: float | None
    """The same of that other lane of which it is longest."""
    deliveries: int
    inflight: int
    """How many messages were releasing or in flight then, once those were released for which there was room."""
    fresh: int
    """How many of these were released just then."""

    @property
    def idle(self) -> bool:
        """Whether all that was in flight had just been released, and is delivered already."""
        return self.inflight <= min(self.fresh, self.deliveries)

    @classmethod
    def of(cls, waited: Mapping[str, Waited], urgent: str, inflight: int, fresh: int) -> Seen:
        """From what each lane's mail waited; ``urgent`` is the most urgent lane."""
        first = waited.get(urgent)
        others = max((one.least for lane, one in waited.items() if lane != urgent), default=None)
        return cls(first and first.least, others, sum(one.deliveries for one in waited.values()), inflight, fresh)


class Window(NamedTuple):
    """The controller's state; :attr:`size` is what counts."""

    width: float
    opening: bool = True
    """Whether it has not been too wide yet."""
    above_since: float | None = None
    """Since when everybody has waited longer than the target."""
    closings: int = 0
    """How often it has shrunk on end."""
    used: int = 0
    """The most that was in flight in this interval."""
    since: float = 0.0
    """When this interval began."""
    phase: Phase = Phase.RESTING

    @property
    def size(self) -> int:
        """How many messages may be in flight."""
        return int(self.width)


def step(window: Window, limits: Limits, seen: Seen, now: float) -> Window:
    """The window after ``seen``; to be called at every tick. ``now`` is Unix time in seconds."""
    window = _judged(window, limits, seen, now)
    window = _faded(window._replace(used=max(window.used, seen.inflight)), limits, now)
    return window._replace(width=min(max(window.width, limits.minimum), limits.maximum))


def _judged(window: Window, limits: Limits, seen: Seen, now: float) -> Window:
    least = seen.others if seen.urgent is None else seen.urgent
    if least is None:
        return window
    if least >= limits.target:
        return _standing(window, limits, seen, now)
    window = window._replace(above_since=None, closings=0)
    if least >= limits.target / 2:
        return window._replace(phase=Phase.WATCHING)
    if seen.others is not None and seen.others >= limits.target:
        return window._replace(phase=Phase.FULL)
    return _grown(window, seen)


def _grown(window: Window, seen: Seen) -> Window:
    if seen.inflight < window.size:
        return window._replace(phase=Phase.RESTING)
    if window.opening:
        each = IDLE if seen.idle else 1
        return window._replace(width=window.width + seen.deliveries * each, phase=Phase.OPENING)
    return window._replace(width=window.width + seen.deliveries * PROBE, phase=Phase.PROBING)


def _standing(window: Window, limits: Limits, seen: Seen, now: float) -> Window:
    if window.above_since is None:
        return window._replace(above_since=now, phase=Phase.WATCHING)
    patience = limits.interval / math.sqrt(window.closings + 1)
    if now - window.above_since < patience or seen.inflight > window.width * OVER:
        return window
    return window._replace(
        width=window.width * SHRINK,
        opening=False,
        above_since=now,
        closings=window.closings + 1,
        phase=Phase.CLOSING,
    )


def _faded(window: Window, limits: Limits, now: float) -> Window:
    if now - window.since < limits.interval:
        return window
    if window.used < window.width / 2:
        window = window._replace(width=window.width * SHRINK, opening=True, phase=Phase.FADING)
    return window._replace(used=0, since=now)
