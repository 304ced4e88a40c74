"""What many look at again and again, made once for all of them.

Contract: an answer is at most twice :data:`AGE` old. However many ask, it is made by one at a time, and at most once
in :data:`AGE`. That Redis does not answer is shared in the same way, so that a Redis that hangs is waited for once.

Failure: :class:`redis.RedisError`.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable

import msgspec
from redis import RedisError

from lanes.answers import alerts, domains, lanes, messages
from lanes.answers.overview import Overview
from lanes.house import House
from lanes.timestamps import rfc3339

#: Seconds; less than half of the time between two events of a stream.
AGE = 0.25
#: Of an overview: domains of each lane with batches, and decisions.
_DOMAINS, _DECISIONS = 20, 12


class Shared:
    """An answer, as JSON; ``beat`` tells seconds that only go forward."""

    def __init__(self, make: Callable[[], object], beat: Callable[[], float]) -> None:
        self._make = make
        self._beat = beat
        self._turn = threading.Lock()
        self._made_at = -math.inf
        self._made: bytes | RedisError = b""

    def __call__(self) -> msgspec.Raw:
        """The answer. One who finds it old makes it anew; the others take it as it is, unless it is too old."""
        if self._is_older_than(AGE) and self._turn.acquire(blocking=self._is_older_than(2 * AGE)):
            try:
                self._renew()
            finally:
                self._turn.release()
        made = self._made
        if isinstance(made, RedisError):
            raise made
        return msgspec.Raw(made)

    def _renew(self) -> None:
        """Unless somebody else just did."""
        if self._is_older_than(AGE):
            self._made = self._answer()
            self._made_at = self._beat()

    def _is_older_than(self, seconds: float) -> bool:
        return self._beat() - self._made_at >= seconds

    def _answer(self) -> bytes | RedisError:
        try:
            return msgspec.json.encode(self._make())
        except RedisError as error:
            return error


class Glances:
    """What is seen of an MTA at a glance."""

    def __init__(self, house: House, clock: Callable[[], float], beat: Callable[[], float]) -> None:
        self._house = house
        self._clock = clock
        self.queues = Shared(self._queues, beat)
        self.status = Shared(self._status, beat)
        self.overview = Shared(self._overview, beat)

    def _queues(self) -> dict[str, lanes.Queue]:
        now, views = self._clock(), self._house.views
        return lanes.queues(self._house.settings, views.status(now), views.mean_ages(now))

    def _status(self) -> lanes.Status:
        return self._status_at(self._clock())

    def _status_at(self, now: float) -> lanes.Status:
        views = self._house.views
        return lanes.status(self._house.settings, views.status(now), views.window(now))

    def _overview(self) -> Overview:
        house, now = self._house, self._clock()
        seen, rows = self._status_at(now), house.domains.rows(house.settings.by_rank(), _DOMAINS, now)
        return Overview(
            mta=house.settings.mta.name, at=rfc3339(now), window=seen.window, lanes=seen.lanes,
            domains=[domains.domain(row, now) for row in rows],
            alerts=[alerts.alert(state) for state in house.alerts.firing(now)],
            decisions=[messages.message(id, record) for id, record in house.views.recent(_DECISIONS)],
        )  # fmt: skip
