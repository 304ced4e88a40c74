"""The job that releases a wave: ask the MTA, then tell the store what really happened.

An id that was not released is one of five things, told apart by looking in the spool: released
already (by an earlier try or by hand), not yet on hold (the filter runs before the queue file is
final), still on hold because the command failed for it, on somebody else's hold, or gone. What is in the
spool is never gone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

from lanes.config import Settings
from lanes.life import Result
from lanes.message import Progress, Record
from lanes.mta.port import Control, Hold, Queue
from lanes.store.settling import Settlement
from lanes.store.store import Store

_RELEASED = (Queue.ACTIVE, Queue.DEFERRED)

log = structlog.get_logger("lanes.release")


class Release:
    """Callable as the allow-listed job ``release``."""

    def __init__(self, store: Store, control: Control, settings: Settings, clock: Callable[[], float]) -> None:
        self._store = store
        self._control = control
        self._appear_within = settings.worker.appear_within
        self._clock = clock

    def __call__(self, ids: Sequence[str]) -> None:
        """Release those of ``ids`` that are claimed; anything else in the payload is ignored.

        Raises :class:`~lanes.mta.port.MtaError` if the MTA's command fails: the claims then run out.
        """
        wave = self._store.claimed(id for id in ids if isinstance(id, str) and self._control.valid(id))
        if not wave:
            return
        self._store.note(dict.fromkeys(wave, Progress(released=self._clock())))
        released = self._control.release(wave)
        absent = [id for id in wave if id not in released]
        moved, later, gone = self._sort(absent)
        others = self._others(later)
        now = self._clock()
        self._store.move("confirm", [*released, *moved], now)
        self._store.note(dict.fromkeys(others, Progress(withheld=True)))
        self._store.move("withhold", others, now)
        self._store.unclaim([id for id in later if id not in others])
        self._store.settle([Settlement(id, Result.GONE, now) for id in gone])
        log.info("release", claimed=len(wave), released=len(released), moved=len(moved),
                 not_yet=len(later) - len(others), others=len(others), gone=len(gone))

    def _sort(self, absent: Sequence[str]) -> tuple[list[str], list[str], list[str]]:
        """Ids that were not on hold: released already, to be tried again, gone."""
        if not absent:
            return [], [], []
        found = self._control.find(absent)
        records = self._store.records(absent)
        moved = [id for id in absent if found.get(id) in _RELEASED]
        rest = [id for id in absent if id not in moved]
        later = [id for id in rest if id in found or self._young(records.get(id))]
        return moved, later, [id for id in rest if id not in later]

    def _others(self, ids: Sequence[str]) -> set[str]:
        """Those that are on a hold that is not ours, whatever Redis says."""
        return {id for id, said in self._control.marks(ids) if said.hold is Hold.OTHER} if ids else set()

    def _young(self, record: Record | None) -> bool:
        """Whether it may not be on hold yet; what seems to come from the future was accepted before a clock was set."""
        return record is not None and abs(self._clock() - record.accepted) < self._appear_within
