"""The job that tells a sink: what is still so, once it took it.

A notice that was not taken at once is tried again, later each time (:mod:`lanes.jobs.notices`). Meanwhile the
world moves on, so each time what is not so any more is left out: an alert that fired and is over, or one that
was over and fires again.

A sink that failed rests until that notice is tried again, so that one that lets everybody wait does not
keep the others waiting.

Contract: a payload that is no notice, or for a sink that is not in these settings, is refused and does
nothing. Every try is counted (:mod:`lanes.store.sinks`) and is a line in the log.

Failure: :class:`~lanes.jobs.worker.ToldError` if the sink did not take it in time; RQ then tries again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import msgspec
import structlog
from msgspec import structs
from redis import Redis
from rq.timeouts import JobTimeoutException

from lanes.jobs.notices import FIRST_PAUSE
from lanes.jobs.worker import ToldError
from lanes.notify.port import SinkError, Tell
from lanes.sla.notices import Notice, still_true
from lanes.store.keys import Keys
from lanes.store.sinks import Sinks
from lanes.store.standing import Standing

log = structlog.get_logger("lanes.notify")

#: Seconds that a sink rests after a failure; RQ counts in whole ones.
_REST = FIRST_PAUSE - 2


class Notify:
    """Callable as the allow-listed job ``notify``; ``ways`` are those to each sink, by its name."""

    def __init__(self, client: Redis, ways: Mapping[str, Tell], clock: Callable[[], float]) -> None:
        self._client = client
        self._ways = ways
        self._clock = clock
        self._failed: dict[str, float] = {}

    def __call__(self, sink: str, notice: object) -> str:
        """Tell a sink; what came of it, in words. A trial that fails is an answer, too."""
        way, told = self._read(sink, notice)
        if told.trial:
            return self._try(sink, way, told)
        left = still_true(told, Standing(self._client, Keys(told.mta).alerts).states())
        if not left:
            log.info("notice dropped", sink=sink, id=told.id, why="it is not so any more")
            return "not so any more"
        if 0 <= self._clock() - self._failed.get(sink, -math.inf) < _REST:
            log.info("notice put off", sink=sink, id=told.id, why="the sink has just failed")
            raise ToldError("the sink has just failed")
        return self._tell(sink, way, structs.replace(told, alerts=left))

    def _read(self, sink: str, notice: object) -> tuple[Tell, Notice]:
        """The way and the notice; raises ``ValueError``: a payload may hold anything."""
        way = self._ways.get(sink) if isinstance(sink, str) else None
        if way is None:
            raise ValueError(f"no such sink in these settings: {sink!r} (known: {', '.join(self._ways)})")
        return way, msgspec.convert(notice, Notice)

    def _try(self, sink: str, way: Tell, notice: Notice) -> str:
        try:
            return self._tell(sink, way, notice)
        except ToldError as error:
            return f"failed: {error}"

    def _tell(self, sink: str, way: Tell, notice: Notice) -> str:
        record = Sinks(self._client, notice.mta)
        alerts = [f"{one.phase} {one.alert.identity}" for one in notice.alerts]
        try:
            said = way(notice)
        except (SinkError, JobTimeoutException) as error:
            self._failed[sink] = self._clock()
            record.failed(sink, str(error), self._failed[sink])
            log.error("notice failed", sink=sink, id=notice.id, alerts=alerts, why=str(error))
            raise ToldError(str(error)) from None
        record.told(sink, self._clock())
        self._failed.pop(sink, None)
        log.info("notice told", sink=sink, id=notice.id, alerts=alerts, said=said)
        return f"told: {said}"
