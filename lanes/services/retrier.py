"""Has deferred mail tried again by its lane's own schedule, where the MTA is slower.

Contract: a message is never tried sooner than its lane's schedule says, counted from its last attempt. In
lanes that hold mail it is tried only while the window has room, of which fresh mail keeps half: a dead
destination must not keep the others from being served. A domain that backs off is not hurried
(:mod:`lanes.schedule.domains`), and nothing is that is paused.

Failure: :class:`redis.RedisError`. What was asked for and got lost is asked for again a turn later.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import structlog

from lanes.config import Settings
from lanes.schedule.retry import choose
from lanes.schedule.view import Deferred, Domain
from lanes.store.laneviews import LaneViews, Paused
from lanes.store.retries import Retries
from lanes.store.store import Store

log = structlog.get_logger("lanes.manager")

#: Messages of a lane that are looked at in one turn.
_HEADS = 200


class Retrier:
    """One MTA's. ``dispatch`` has messages tried again: :func:`lanes.jobs.queues.enqueue_retry`."""

    def __init__(self, settings: Settings, store: Store, views: LaneViews,
                 dispatch: Callable[[Sequence[str]], None]) -> None:
        self._settings = settings
        self._retries = Retries(store, settings)
        self._views = views
        self._dispatch = dispatch

    def due(self, now: float) -> list[Deferred]:
        """Whose time has come, the most urgent first."""
        return self._retries.due(now, _HEADS)

    def retry(self, due: Sequence[Deferred], room: int, now: float) -> int:
        """Have tried again what may be, of lanes that hold mail no more than ``room``; how many that are."""
        if not due:
            return 0
        paused = self._views.paused()
        stopped = [one for one in due if paused.stops(one.lane, one.domain)]
        free = [one for one in due if not paused.stops(one.lane, one.domain)]
        going, later = choose(free, self._settings.lanes, self._domains(free, paused, now), room)
        self._retries.postpone([*going, *later, *stopped], now)
        if going:
            self._dispatch([message.id for message in going])
            log.info("retry", messages=len(going), later=len(later))
        return len(going)

    def _domains(self, due: Sequence[Deferred], paused: Paused, now: float) -> dict[tuple[str, str], Domain]:
        """What is known of the domains of batched lanes."""
        names: defaultdict[str, set[str]] = defaultdict(set)
        for one in due:
            if self._settings.lanes[one.lane].batch:
                names[one.lane].add(one.domain)
        return {(lane, name): domain for lane, wanted in names.items()
                for name, domain in self._views.domains(lane, wanted, paused, now, wanted).items()}
