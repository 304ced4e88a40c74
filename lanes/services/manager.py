"""The lane manager: looks at the lanes several times a second, and has the planner's waves released.

A tick takes back claims that ran out, shows the planner heads and counts, claims each wave of its
plan, and enqueues one job a wave. Its cost does not grow with the backlog.

Contract: the manager keeps nothing between ticks, so it may die at any instant. It dies between a
claim and its job: the claim's lease ends and the messages are held again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

from lanes.config import Settings
from lanes.schedule.plan import plan
from lanes.schedule.view import Wave
from lanes.store.store import Store
from lanes.store.views import Views

log = structlog.get_logger("lanes.manager")

_PRUNE_EVERY = 60.0


class Manager:
    """One MTA's manager. ``dispatch`` has a claimed wave released: :func:`lanes.jobs.queues.enqueue_release`."""

    def __init__(self, settings: Settings, store: Store, dispatch: Callable[[Sequence[str]], None]) -> None:
        self._settings = settings
        self._store = store
        self._views = Views(store, settings)
        self._dispatch = dispatch
        self._pruned = 0.0

    def tick(self, now: float) -> list[Wave]:
        """One turn; the waves that were really claimed. Raises :class:`redis.RedisError`."""
        self._store.beat("manager", now)
        if expired := self._store.expired_claims(now):
            back = self._store.unclaim(expired, lease_before=now)
            log.warning("claims ran out; held again", messages=back)
        views = self._views.lanes(now)
        waves = plan(views, self._settings.lanes, self._settings.manager.window, now)
        released = [wave for wave in waves if self._release(wave, now)]
        self._prune(now)
        return released

    def _release(self, wave: Wave, now: float) -> bool:
        ids = self._store.claim(wave, now + self._settings.manager.lease)
        if ids:
            self._dispatch(ids)
            log.info("wave", lane=wave.lane, domain=wave.domain, reason=wave.reason, messages=len(ids))
        return bool(ids)

    def _prune(self, now: float) -> None:
        if now - self._pruned >= _PRUNE_EVERY:
            self._store.prune(now)
            self._pruned = now
