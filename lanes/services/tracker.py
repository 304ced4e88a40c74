"""The tracker: reads the MTA's log and tells the store what became of each message.

Contract: the place in the log is stored after what it covers was applied, and applying a stretch
twice changes nothing, so nothing is lost and nothing counts twice over a crash or a rotation. A
line that means nothing costs nothing; a line of a message that we do not know changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import get_args

import structlog

from lanes.config import Settings
from lanes.life import Result
from lanes.message import Record
from lanes.mta.follow import Follower, Place
from lanes.mta.port import Grammar, Requeued
from lanes.services.fold import Change, Transition, fold, result
from lanes.store.store import Settlement, Store

log = structlog.get_logger("lanes.tracker")


class Tracker:
    """One MTA's tracker."""

    def __init__(self, settings: Settings, store: Store, grammar: Grammar, clock: Callable[[], float]) -> None:
        self._settings = settings.tracker
        self._path = Path(settings.mta.log)
        self._store = store
        self._grammar = grammar
        self._clock = clock
        self._follower: Follower | None = None

    def step(self) -> float:
        """Apply the next stretch of the log; the seconds to wait before the one after it.

        Raises :class:`redis.RedisError`; the stretch is then read again.
        """
        try:
            return self._step()
        except Exception:
            self._forget()
            raise

    def _step(self) -> float:
        now = self._clock()
        self._store.beat("tracker", now)
        follower = self._follower = self._follower or Follower(self._path, _place(self._store.place()))
        lines, place = follower.read(self._settings.batch)
        if lines and place:
            self._apply(lines, now)
            self._store.save_place({field: str(value) for field, value in place._asdict().items()})
        if len(lines) == self._settings.batch:
            return 0.0
        self._store.read_to_end(now)
        return self._settings.poll

    def _forget(self) -> None:
        """Go back to the stored place: what was read and not applied has to be read again."""
        if self._follower:
            self._follower.close()
        self._follower = None

    def _apply(self, lines: Sequence[str], now: float) -> None:
        changes, requeued = fold(event for line in lines if (event := self._grammar(line, now)) is not None)
        self._requeue(requeued)
        self._store.note({id: change.progress for id, change in changes.items() if change.tells and not change.removed})
        for transition in get_args(Transition):
            self._move(transition, changes)
        self._settle({id: change for id, change in changes.items() if change.removed})

    def _requeue(self, requeued: Sequence[Requeued]) -> None:
        for event in requeued:
            if self._store.requeue(event.id, event.new_id, event.at):
                log.info("requeued", id=event.id, new_id=event.new_id)

    def _move(self, transition: Transition, changes: Mapping[str, Change]) -> None:
        moved = [id for id, change in changes.items() if change.transition == transition and not change.removed]
        if moved:
            self._store.move(transition, moved, max(changes[id].at for id in moved))

    def _settle(self, removed: Mapping[str, Change]) -> None:
        """Messages that left the spool, with all that was told of them before."""
        before = self._store.progress(removed)
        ends = []
        for id, change in removed.items():
            progress = before[id].merged(change.progress)
            how = result(progress, change.by_hand)
            ends.append(Settlement(id, how, change.at, progress.sent if how is Result.DELIVERED else None))
        settled = self._store.settle(ends)
        for end, record in settled:
            log.info("settled", id=end.id, lane=record.lane, result=end.result, seconds=end.queue_seconds,
                     slack=round(record.deadline - end.at, 3))
        self._store.senders.saw(_by_sender(settled), self._clock())


def _by_sender(settled: Sequence[tuple[Settlement, Record]]) -> dict[str, tuple[int, int]]:
    """Sender -> how many of its messages were delivered, and how many bounced."""
    delivered = Counter(record.sender for end, record in settled if end.result is Result.DELIVERED)
    bounced = Counter(record.sender for end, record in settled if end.result is Result.BOUNCED)
    return {sender: (delivered[sender], bounced[sender]) for sender in delivered | bounced}


def _place(stored: Mapping[str, str]) -> Place | None:
    """A stored place; None where there is none, or where it is not one."""
    try:
        return Place(int(stored["inode"]), int(stored["offset"]), stored["beginning"])
    except (KeyError, ValueError):
        return None
