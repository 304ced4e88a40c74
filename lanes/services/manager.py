"""The lane manager: looks at the lanes several times a second, and has the planner's waves released.

A tick takes back claims that ran out, shows the planner heads and counts, claims the waves of its plan, and
has them released together: a command of the MTA costs the same for one message as for a thousand. Its cost
does not grow with the backlog.

Contract: the manager keeps nothing between ticks, so it may die at any instant. It dies between a
claim and its job: the claim's lease ends and the messages are held again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

from lanes.config import Settings
from lanes.schedule.plan import plan
from lanes.schedule.view import Wave
from lanes.store.laneviews import LaneViews
from lanes.store.store import CHUNK, Store

log = structlog.get_logger("lanes.manager")

_PRUNE_EVERY = 60.0


class Manager:
    """One MTA's manager. ``dispatch`` has claimed messages released: :func:`lanes.jobs.queues.enqueue_release`."""

    def __init__(self, settings: Settings, store: Store, dispatch: Callable[[Sequence[str]], None]) -> None:
        self._settings = settings
        self._store = store
        self._views = LaneViews(store, settings)
        self._dispatch = dispatch
        self._pruned = 0.0

    def tick(self, now: float) -> list[Wave]:
        """One turn; the waves that were really claimed. Raises :class:`redis.RedisError`."""
        self._store.beat("manager", now)
        if expired := self._store.expired_claims(now):
            back = self._store.unclaim(expired, lease_before=now)
            log.warning("claims ran out; held again", messages=back)
        window = self._settings.manager.window
        waves = plan(self._views.look(window, now), self._settings.lanes, window, now)
        released = self._release(waves, now)
        self._prune(now)
        return released

    def _release(self, waves: Sequence[Wave], now: float) -> list[Wave]:
        claimed = self._store.claim_all(waves, now + self._settings.manager.lease)
        released = [(wave, ids) for wave, ids in zip(waves, claimed, strict=True) if ids]
        together = [id for _, ids in released for id in ids]
        for start in range(0, len(together), CHUNK):
            self._dispatch(together[start : start + CHUNK])
        for wave, ids in released:
            log.info("wave", lane=wave.lane, domain=wave.domain, reason=wave.reason, messages=len(ids))
        return [wave for wave, _ in released]

    def _prune(self, now: float) -> None:
        if now - self._pruned >= _PRUNE_EVERY:
            self._store.prune(now)
            self._pruned = now
