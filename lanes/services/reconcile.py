"""Brings Redis in line with the MTA's spool: at the start, from time to time, and when Redis lost what it had.

What our own filter tagged and Redis has not is taken in, held mail under the deadline that it bears. What is
in Redis and not in the spool any more has ended. Where both have a message at different places, the spool
is right. Claims that ran out are given back.

It runs where the spool is, as root: as a job of this MTA's worker, which the manager asks for
(:mod:`lanes.services.upkeep`), and as ``lanes reconcile`` for people. With everything known it costs a look
at folder names and at Redis; only what is unknown is opened.

Contract: may run at any time, twice at once, and be killed. Each difference is looked at again before it is
acted upon, and each act changes nothing if the message has moved on. What is missing counts as ended only
when the tracker has read the log up to that moment and still not told its end, so that a delivery is never
taken for a loss because its line was not read yet.

Failure: :class:`redis.RedisError`, :class:`~lanes.mta.port.MtaError`. What was done is done.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

import msgspec
import structlog

from lanes.config import Settings
from lanes.life import Result, State
from lanes.mta.port import Control, Queue
from lanes.services.difference import Difference, Transition, adopted, difference
from lanes.services.fold import settlement
from lanes.store.inventory import Found, Inventory, Known
from lanes.store.settling import Settlement
from lanes.store.store import CHUNK, Store

log = structlog.get_logger("lanes.reconcile")

#: Seconds after which what Redis says of a message is no longer just late news.
PATIENCE = 60.0
#: Seconds that the MTA takes to write a line of its log, at most, and that the tracker is waited for.
_LOG_DELAY, _TRACKER = 1.0, 5.0

T = TypeVar("T")
Progress = Callable[[int, int], None]
"""Told how much of how much is done, at least every few seconds."""


class Report(msgspec.Struct, frozen=True):
    """What was done; of a dry run, what would be."""

    spool: int
    """Messages in the spool."""
    known: int
    """Live messages in Redis before."""
    claims: int
    """Claims that had run out."""
    adopted: dict[State, int]
    moved: dict[Transition, int]
    ended: int
    """Messages that are in the spool no more."""
    left: int
    """Of those, how many the tracker has still to tell about."""
    strays: int
    """Names in Redis that are no messages, and records of messages that cannot be read."""


class Reconcile:
    """One MTA's index and spool."""

    def __init__(self, store: Store, control: Control, settings: Settings, clock: Callable[[], float],
                 sleep: Callable[[float], None], *, patience: float = PATIENCE) -> None:
        self._store = store
        self._inventory = Inventory(store, settings)
        self._control = control
        self._settings = settings
        self._clock = clock
        self._sleep = sleep
        self._patience = patience

    def __call__(self, progress: Progress = lambda _done, _all: None, *, dry_run: bool = False) -> Report:
        """Compare and put right; or only compare."""
        claims = self._claims(dry_run)
        spool, known = self._control.where(), self._inventory.live()
        strays = self._drop(known, spool, dry_run)
        differs = difference(known, spool, self._clock(), self._patience)
        taken_in = self._adopt(differs.unknown, progress, dry_run)
        moved = {transition: self._move(transition, ids, spool, dry_run) for transition, ids in differs.wrong.items()}
        ended, left = self._end(differs, dry_run)
        report = Report(len(spool), len(known), claims, taken_in, moved, ended, left, strays)
        log.info("reconciled", dry_run=dry_run, **msgspec.to_builtins(report))
        return report

    def _claims(self, dry_run: bool) -> int:
        now = self._clock()
        expired = self._store.expired_claims(now)
        return len(expired) if dry_run else self._store.unclaim(expired, lease_before=now)

    def _drop(self, known: dict[str, Known], spool: Mapping[str, Queue], dry_run: bool) -> int:
        """Let go of what stands in Redis and can be no message, or is in no spool and has no record to tell of it."""
        strays = 0
        for chunk in _chunks([id for id in known if id not in spool]):
            records = self._store.records(chunk)
            unread = [id for id in chunk if id not in records]
            strays += len(unread) if dry_run else self._inventory.drop(unread)
            for id in unread:
                del known[id]
        return strays

    def _adopt(self, unknown: Sequence[str], progress: Progress, dry_run: bool) -> dict[State, int]:
        adoptions: Counter[State] = Counter()
        done = 0
        for chunk in _chunks(self._control.marks(unknown)):
            now = self._clock()
            messages = [found for id, marks in chunk if (found := adopted(id, marks, self._settings, now))]
            adoptions += self._take_in(messages, now, dry_run)
            done += len(chunk)
            progress(done, len(unknown))
        return dict(adoptions)

    def _take_in(self, messages: Sequence[Found], now: float, dry_run: bool) -> Counter[State]:
        if dry_run:
            return Counter(one.state for one in messages)
        self._free([one.id for one in messages], now)
        return self._inventory.adopt(messages)

    def _free(self, ids: Sequence[str], now: float) -> None:
        """What is live in a lane that is not configured any more would never leave it: it ends there."""
        records = self._store.records(ids)
        stranded = [id for id, record in records.items() if record.lane not in self._settings.lanes]
        self._store.settle([Settlement(id, Result.GONE, now) for id in stranded])

    def _move(self, transition: Transition, ids: Sequence[str], spool: dict[str, Queue], dry_run: bool) -> int:
        moved = 0
        for chunk in _chunks(ids):
            found = self._control.find(chunk)
            still = [id for id in chunk if found.get(id) is spool[id]]
            moved += len(still) if dry_run else self._store.move(transition, still, self._clock())
        return moved

    def _end(self, differs: Difference, dry_run: bool) -> tuple[int, int]:
        """How many had ended, and how many of them are left alone for now."""
        missing = [id for chunk in _chunks(differs.missing) for id in self._gone(chunk)]
        if dry_run or not missing or not self._log_is_read(self._clock() + _LOG_DELAY):
            return len(missing), 0 if dry_run else len(missing)
        return sum(self._settle(chunk) for chunk in _chunks(missing)), 0

    def _gone(self, ids: Sequence[str]) -> Iterator[str]:
        """Those that are really not there, and not because they are still to come."""
        found = self._control.find(ids)
        now, young = self._clock(), self._settings.worker.appear_within
        for id, record in self._store.records(ids).items():
            if id not in found and now - record.accepted >= young:
                yield id

    def _log_is_read(self, up_to: float) -> bool:
        """Whether the tracker has applied all that the log had at an instant; it is given a few seconds.

        They are counted by what is slept, since the clock may be set back meanwhile.
        """
        slept = 0.0
        while not (read := self._store.tracking.until() >= up_to) and slept < _LOG_DELAY + _TRACKER:
            self._sleep(self._settings.tracker.poll)
            slept += self._settings.tracker.poll
        return read

    def _settle(self, ids: Sequence[str]) -> int:
        """With all that was told of them before: the last line may be lost, and not the others."""
        told, now = self._store.progress(ids), self._clock()
        return len(self._store.settle([settlement(id, progress, now) for id, progress in told.items()]))


def _chunks(items: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while chunk := list(itertools.islice(rest, CHUNK)):
        yield chunk
