"""The lane manager: looks at the lanes several times a second, and has the planner's waves released.

A tick takes back claims that ran out, shows the planner heads and counts, claims the waves of its plan, and
has them released together: a command of the MTA costs the same for one message as for a thousand. Then it
has deferred mail tried again whose turn it is. Its cost does not grow with the backlog.

Contract: the manager keeps nothing between ticks, so it may die at any instant. It dies between a
claim and its job: the claim's lease ends and the messages are held again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import structlog

from lanes.config import Settings
from lanes.schedule.hurry import HURRIED, hurried
from lanes.schedule.plan import plan
from lanes.schedule.turn import Kept, for_retries, next_window
from lanes.schedule.view import Wave
from lanes.services.retrier import Retrier
from lanes.store.inventory import Inventory
from lanes.store.laneviews import LaneViews
from lanes.store.store import CHUNK, Store

log = structlog.get_logger("lanes.manager")

_PRUNE_EVERY = 60.0


Dispatch = Callable[[Sequence[str]], None]
"""Puts a job about these messages where a worker finds it."""


class Manager:
    """One MTA's manager.

    ``release`` has claimed messages released, ``retry`` deferred ones tried again:
    :func:`lanes.jobs.queues.enqueue_release` and :func:`~lanes.jobs.queues.enqueue_retry`.
    """

    def __init__(self, settings: Settings, store: Store, release: Dispatch, retry: Dispatch) -> None:
        self._settings = settings
        self._store = store
        self._inventory = Inventory(store, settings)
        self._views = LaneViews(store, settings)
        self._retrier = Retrier(settings, store, self._views, retry)
        self._dispatch = release
        self._pruned = 0.0

    def tick(self, now: float) -> list[Wave]:
        """One turn; the waves that were really claimed. Raises :class:`redis.RedisError`."""
        if expired := self._store.expired_claims(now):
            self._take_back(expired, now)
        kept, waited = self._store.flow.take()
        window = next_window(self._settings.manager, self._settings.by_rank()[0], kept, waited, now)
        views, due = self._views.look(window.size, now), self._retrier.due(now)
        self._let_go(self._views.unread)
        busy = sum(view.releasing + view.inflight for view in views)
        retries = for_retries(len(due), window.size - busy)
        released = self._release(plan(views, self._settings.lanes, window.size - retries, now), now)
        fresh = sum(map(len, released.values()))
        fresh += self._retrier.retry(due, window.size - busy - fresh, now)
        if kept != (keep := Kept(window, busy + fresh, fresh)):
            self._store.flow.keep(keep)
        self._prune(now)
        return list(released)

    def _take_back(self, expired: Sequence[str], now: float) -> None:
        if back := self._store.unclaim(expired, lease_before=now):
            log.warning("claims ran out; held again", messages=back)
        if back < len(expired):
            self._let_go(expired)

    def _let_go(self, ids: Sequence[str]) -> None:
        """Those of which nothing can be read are the spool's to tell about."""
        if strays := self._inventory.drop(ids):
            log.warning("no message, or none that can be read; the spool is looked at", names=strays)
            self._inventory.doubt()

    def _release(self, waves: Sequence[Wave], now: float) -> dict[Wave, list[str]]:
        claimed = self._store.claim_all(waves, now + self._settings.manager.lease) if waves else []
        released = {wave: ids for wave, ids in zip(waves, claimed, strict=True) if ids}
        self._say_why(released, now)
        together = [id for ids in released.values() for id in ids]
        for start in range(0, len(together), CHUNK):
            self._dispatch(together[start : start + CHUNK])
        for wave, ids in released.items():
            log.info("wave", lane=wave.lane, domain=wave.domain, reason=wave.reason, messages=len(ids))
        return released

    def _say_why(self, released: Mapping[Wave, list[str]], now: float) -> None:
        """Put on record why mail leaves before its turn; while it is claimed, and not yet given to a worker."""
        lanes = self._settings.lanes
        why = {id: wave for wave, ids in released.items() if wave.reason in HURRIED for id in ids}
        self._store.amend(why, lambda id, record: hurried(record, lanes[record.lane], why[id].reason, now))

    def _prune(self, now: float) -> None:
        """Again in the next tick, while there is more than goes at once: a busy MTA settles thousands in a minute."""
        if now - self._pruned >= _PRUNE_EVERY and self._store.prune(now) < CHUNK:
            self._pruned = now
