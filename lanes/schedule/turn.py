"""What is decided in one turn of the manager beside the plan itself: how wide the window is, how many heads are
looked at, how much of the room retries may have.

Contract: pure. The manager (:mod:`lanes.services.manager`) and the simulator (:mod:`lanes.simulate`) take their
turns by the same functions, so that what is simulated is what would be done.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import NamedTuple

from lanes.config.model import Manager
from lanes.schedule.view import LaneView
from lanes.schedule.window import Limits, Phase, Seen, Waited, Window, step

#: Heads looked at: twice as many as the window has places, but no more than a turn can carry out ...
_AHEAD, _MOST = 2, 200
#: ... and those that were seen in vain, up to this many.
_IN_VAIN = 2000


class Kept(NamedTuple):
    """The window at the end of a turn."""

    window: Window
    inflight: int = 0
    """How many messages were releasing or in flight, those included that were released in the turn."""
    fresh: int = 0
    """How many these were."""


def next_window(terms: Manager, urgent: str, kept: Kept | None, waited: Mapping[str, Waited], now: float) -> Window:
    """The window of this turn, after what mail ``waited`` that was delivered since the one that was ``kept``.

    ``urgent`` is the most urgent lane.
    """
    if terms.window != "auto":
        return Window(terms.window, phase=Phase.FIXED)
    if kept is None or kept.window.phase is Phase.FIXED:
        return Window(terms.window_min, since=now)
    return step(kept.window, Limits.of(terms), Seen.of(waited, urgent, kept.inflight, kept.fresh), now)


def heads(window: int, in_vain: int) -> int:
    """How many heads of each order to look at, after so many were seen :func:`in_vain` the last time."""
    return min(window * _AHEAD, _MOST) + min(in_vain, _IN_VAIN)


def in_vain(view: LaneView) -> int:
    """How many domains of a batched lane were looked at that may have no more in flight than they have."""
    domains = {one.name: one for one in chain(view.full, view.waited, view.begun, view.near)}
    return sum(one.inflight >= (one.limit or 0) for one in domains.values())


def for_retries(due: int, room: int) -> int:
    """How much of the room is for ``due`` messages that are to be tried again: no more than half, rounded up."""
    return max(min(due, (room + 1) // 2), 0)
