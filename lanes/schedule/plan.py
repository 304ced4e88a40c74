"""The planner: which held messages are released now.

Contract: pure. It looks at heads and counts, so it costs the same however large the backlog is; it
keeps nothing, so it may be asked again at any time; and it releases no more than the window has
room for, none twice, and never more of a domain than it holds.

The order: each lane forms a line by deadline (:mod:`lanes.schedule.line`, for batched lanes
:mod:`lanes.schedule.batch`, and :mod:`lanes.schedule.triage` where more is late than can be made
good); each is served up to its guaranteed share, and then the most urgent of all
(:mod:`lanes.schedule.shares`).

Failure: none of its own. A view that has aged makes a plan that claims less than it could.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from lanes.config.model import Lane
from lanes.schedule.batch import in_time, ripe
from lanes.schedule.line import Candidate, Standing, heads, singles
from lanes.schedule.shares import Line, share_out
from lanes.schedule.triage import triage
from lanes.schedule.view import LaneView, Wave


def plan(views: Sequence[LaneView], lanes: Mapping[str, Lane], window: int, now: float) -> list[Wave]:
    """The waves to release now, the most urgent first.

    ``window`` is how many messages may be releasing or in flight at once; ``now`` is Unix time in
    seconds. A view of a lane that is not among ``lanes`` only counts against the window.
    """
    room = window - sum(view.releasing + view.inflight for view in views)
    if room <= 0:
        return []
    lines = _lines(views, lanes, window, now)
    share_out(lines, room, window)
    return _waves(chain.from_iterable(line.granted() for line in lines))


def _lines(views: Sequence[LaneView], lanes: Mapping[str, Lane], window: int, now: float) -> list[Line]:
    seen = {view.lane: view for view in views}
    order = sorted(lanes, key=lambda name: (lanes[name].rank, name))
    standings = [Standing(name, lanes[name], place, now) for place, name in enumerate(order)]
    return [_line(seen[at.name], at, window) for at in standings if at.name in seen]


def _line(view: LaneView, at: Standing, window: int) -> Line:
    candidates = ripe(view, at, at.lane.batch) if at.lane.batch else singles(view, at)
    if view.late > window and view.timely:
        timely = in_time(view, at, at.lane.batch) if at.lane.batch else heads(view.timely, at)
        candidates = triage(candidates, timely, window)
    return Line(candidates, at.lane.share, view.releasing + view.inflight, at.lane.max_inflight)


def _waves(granted: Iterable[tuple[Candidate, int]]) -> list[Wave]:
    """One wave for each domain, and else for each lane and reason, the most urgent first."""
    groups: defaultdict[tuple[str, str, str], list[tuple[Candidate, int]]] = defaultdict(list)
    for candidate, amount in sorted(granted, key=lambda one: one[0].urgency):
        reason = "" if candidate.domain else candidate.reason
        groups[candidate.lane, candidate.domain, reason].append((candidate, amount))
    return [_wave(parts) for parts in groups.values()]


def _wave(parts: Sequence[tuple[Candidate, int]]) -> Wave:
    first = parts[0][0]
    amount = sum(amount for _, amount in parts)
    amount = min(amount, first.most) if first.domain else amount
    ids = tuple(chain.from_iterable(candidate.ids for candidate, _ in parts))
    return Wave(first.lane, first.domain, amount, first.reason, ids, max(first.ripe - amount, 0))
