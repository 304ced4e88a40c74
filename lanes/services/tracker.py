"""The tracker: reads the MTA's log and tells the store what became of each message.

Contract: the place in the log is stored after what it covers was applied, and applying a stretch
twice changes nothing, so nothing is lost and nothing counts twice over a crash or a rotation. A
line that means nothing costs nothing but a count; a line of a message that we do not know changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import get_args

import structlog

from lanes.config import Settings
from lanes.config.instances import handoff
from lanes.life import Result
from lanes.message import Progress, Record
from lanes.mta.port import Attempt, Event, Grammar, Log, Requeued
from lanes.services.fold import Change, Transition, fold, is_elsewhere, settlement
from lanes.services.lessons import Lessons
from lanes.services.relay_lessons import RelayLessons
from lanes.store.retries import Retries
from lanes.store.settling import Settlement
from lanes.store.store import Store

#: A log that grows is looked at so many times as often: how soon the manager hears that mail has left decides
#: how soon more of it is let go.
_SOONER = 4

log = structlog.get_logger("lanes.tracker")

OpenLog = Callable[[Mapping[str, str]], Log]
"""Opens the MTA's log at a stored place."""


class Tracker:
    """One MTA's tracker."""

    def __init__(self, settings: Settings, store: Store, grammar: Grammar, open_log: OpenLog,
                 clock: Callable[[], float]) -> None:
        self._settings = settings.tracker
        self._handoffs = frozenset(map(handoff, settings.mta.instances))
        self._store = store
        self._grammar = grammar
        self._open_log = open_log
        self._clock = clock
        self._learn = Lessons(settings, store)
        self._learn_of_relays = RelayLessons(settings, store)
        self._retries = Retries(store, settings)
        self._log: Log | None = None
        self._read = 0

    def step(self) -> float:
        """Apply the next stretch of the log; the seconds to wait before the one after it.

        Raises :class:`redis.RedisError`; the stretch is then read again. :class:`OSError` if the log cannot
        be read.
        """
        try:
            return self._step()
        except Exception:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the log, and go back to the stored place: what was read and not applied is read again."""
        if self._log:
            self._log.close()
        self._log = None

    def _step(self) -> float:
        now = self._clock()
        self._store.beat("tracker", now)
        lines, place, complete = self._opened().read(self._settings.batch)
        if lines:
            unparsed = self._apply(lines, now)
            self._store.tracking.save(place, len(lines), unparsed, now)
            self._read += len(lines)
        if complete:
            self._store.tracking.at_end(now)
        if lines:
            return self._settings.poll / _SOONER if complete else 0.0
        return self._settings.poll

    def _opened(self) -> Log:
        """The log, at the stored place, and how many lines were read before that."""
        if self._log is None:
            self._read = self._store.tracking.told().lines
            self._log = self._open_log(self._store.tracking.place())
        return self._log

    def _apply(self, lines: Sequence[str], now: float) -> int:
        """How many of the lines could not be understood."""
        before = self._grammar.unparsed
        events = [_not_ahead(event, now) for line in lines if (event := self._grammar(line, now)) is not None]
        changes, requeued = fold(events, self._handoffs)
        self._requeue(requeued)
        self._store.note({id: change.progress for id, change in changes.items() if change.tells and not change.removed})
        for transition in get_args(Transition):
            self._move(transition, changes)
        self._retries.tried({id: change.deferrals for id, change in changes.items() if change.deferrals})
        self._settle({id: change for id, change in changes.items() if change.removed})
        attempts = [one for one in events if isinstance(one, Attempt) and one.transport not in self._handoffs]
        self._learn(attempts, now)
        self._learn_of_relays(self._read, attempts, changes, requeued, now)
        return self._grammar.unparsed - before

    def _requeue(self, requeued: Sequence[Requeued]) -> None:
        for event in requeued:
            if self._store.requeue(event.id, event.new_id, event.at):
                log.info("requeued", id=event.id, new_id=event.new_id)
        anew = {event.new_id: event.at for event in requeued if event.anew}
        known = self._store.records(anew)
        self._store.note({id: Progress(before=max(anew[id] - record.accepted, 0.0)) for id, record in known.items()})

    def _move(self, transition: Transition, changes: Mapping[str, Change]) -> None:
        moved = [id for id, change in changes.items() if change.transition == transition and not change.removed]
        if moved:
            self._store.move(transition, moved, max(changes[id].at for id in moved))

    def _settle(self, removed: Mapping[str, Change]) -> None:
        """Messages that left the spool, with all that was told of them before.

        One that another instance has goes on there, under an id that the log has told, or is about to tell.
        """
        before = self._store.progress(removed)
        known = {id: before[id].merged(change.progress) for id, change in removed.items()}
        settled = self._store.settle([
            settlement(id, known[id], change.at, by_hand=change.by_hand) for id, change in removed.items()
            if change.by_hand or not is_elsewhere(known[id], self._handoffs)
        ])
        for end, record in settled:
            log.info("settled", id=end.id, lane=record.lane, result=end.result, seconds=end.queue_seconds,
                     slack=round(record.deadline - end.at, 3))
        self._store.senders.saw(_by_sender(settled), self._clock())


def _not_ahead(event: Event, now: float) -> Event:
    """No line is written in the future: a clock was set back since, or the log's is ahead of ours."""
    return event._replace(at=now) if event.at > now else event


def _by_sender(settled: Sequence[tuple[Settlement, Record]]) -> dict[str, tuple[int, int]]:
    """Sender -> how many of its messages were delivered, and how many bounced."""
    delivered = Counter(record.sender for end, record in settled if end.result is Result.DELIVERED)
    bounced = Counter(record.sender for end, record in settled if end.result is Result.BOUNCED)
    return {sender: (delivered[sender], bounced[sender]) for sender in delivered | bounced}
