"""The historian: writes finished minutes into the history, adds up what is old, and forgets what is older.
It also keeps the ledger by which error budgets are watched, and has the books kept of what was spent.

A minute is finished when the tracker has read the log beyond it, so that what it comes to tell late, after a
time away, is still counted where it belongs. Minutes that were missed are caught up with, some in each turn,
for as long as Redis has them.

Contract: runs beside the manager, in a thread of its own, and keeps nothing that matters: where to go on is
in the database. Two historians write each row once. Idle minutes have rows, too, from the first delivery on:
so a gap means that nobody measured.

Failure: :class:`redis.RedisError`. A database that fails is said so once, and tried again in the next turn.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog
from alembic.util import CommandError
from sqlalchemy.exc import SQLAlchemyError

from lanes.config import ConfigError, Settings
from lanes.history.history import DAY, HOUR, MINUTE, History, Row
from lanes.services.bookkeeper import Bookkeeper
from lanes.sla.period import Period
from lanes.store.costs import Costs
from lanes.store.ledger import Ledger
from lanes.store.minutes import Minutes
from lanes.store.settling import HISTOGRAM_FOR
from lanes.store.store import Store

log = structlog.get_logger("lanes.historian")

#: Seconds that the MTA takes to write a line of its log, at most.
_LOG_DELAY = 1.0
#: Minutes that are caught up with in one turn, and stretches that are added up.
_CHUNK = 120
#: Seconds between two looks for what is old.
_UPKEEP_EVERY = 600.0


class Historian:
    """One MTA's historian. ``open_history`` opens a database that is up to date."""

    def __init__(self, settings: Settings, store: Store, open_history: Callable[[], History]) -> None:
        self._settings = settings.history
        self._lanes = tuple(settings.lanes)
        self._tracking = store.tracking
        self._minutes = Minutes(store)
        self._ledger = Ledger(store, settings)
        self._bookkeeper = Bookkeeper(Costs(store.client, settings), settings.history.days_for)
        self._open = open_history
        self._history: History | None = None
        self._next = 0
        self._upkept = 0.0
        self._failed = False

    def turn(self, now: float) -> float:
        """Write what is finished; the seconds until the next turn."""
        self._ledger.note(now)
        try:
            wait = self._turn(now)
        except (SQLAlchemyError, CommandError, ConfigError, OSError) as error:
            if not self._failed:
                log.error("the history cannot be written; it is tried again", error=str(error).partition("\n")[0])
            self._failed = True
            self._close()
            return self._settings.every
        if self._failed:
            log.info("the history is written again")
        self._failed = False
        return wait

    def _close(self) -> None:
        if self._history is not None:
            self._history.close()
        self._history = None

    def _turn(self, now: float) -> float:
        history = self._history = self._history or self._open()
        self._bookkeeper.turn(history.costs, now)
        finished = int(min(self._tracking.until() - _LOG_DELAY, now) // MINUTE) - 1
        oldest = int((now - HISTOGRAM_FOR) // MINUTE) + 1
        end = history.end()
        first = max(oldest, self._next if end is None else int(end // MINUTE))
        last = min(finished, first + _CHUNK - 1)
        if last >= first:
            self._write(history, first, last, begun=end is not None)
            self._next = last + 1
        elif not 0 <= now - self._upkept < _UPKEEP_EVERY and not self._upkeep(history, now):
            self._upkept = now
        return 0.0 if last < finished and last >= first else self._settings.every

    def _write(self, history: History, first: int, last: int, *, begun: bool) -> None:
        found = self._minutes.read(self._lanes, first, last)
        if not begun:
            first = min((minute for (_, minute), period in found.items() if period.messages), default=last + 1)
        kept = {place: period for place, period in found.items() if place[1] >= first}
        rows = [Row(lane, minute * MINUTE, MINUTE, period) for (lane, minute), period in kept.items()]
        written = history.write(rows)
        self._minutes.on_record(place for place, period in kept.items() if period.messages)
        if written:
            log.debug("history", rows=written, messages=Period.merged(row.period for row in rows).messages)

    def _upkeep(self, history: History, now: float) -> bool:
        """Add up and forget; whether there is more of it than fits into a turn."""
        ages = self._settings
        for seconds, into, age in ((MINUTE, HOUR, ages.minutes_for), (HOUR, DAY, ages.hours_for)):
            if all(history.roll_up(seconds, into, now - age) for _ in range(_CHUNK)):
                return True
        history.prune(now - ages.days_for)
        return False
