"""The house's metrics, read from Redis when they are asked for.

Contract: a scrape is a dozen round trips, however much mail there is; it changes nothing, and may run beside
others. Every metric is in :mod:`lanes.metrics.table`. A subject is a *part*: something that is called with what is
told so far and the instant, and tells more.

Failure: none. If Redis does not answer, or has something else under a name of ours, ``lanes_up`` is 0, and nothing
but that and ``lanes_build_info`` is told; why is in the log.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import structlog
from prometheus_client import generate_latest
from prometheus_client.core import Metric
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector
from redis import RedisError

from lanes import __version__
from lanes.config import Settings
from lanes.metrics.backlog import Backlog
from lanes.metrics.mail import Mail
from lanes.metrics.programs import Programs
from lanes.metrics.roads import Roads
from lanes.metrics.terms import Terms
from lanes.metrics.told import Told
from lanes.store.store import Store

log = structlog.get_logger("lanes.metrics")

Part = Callable[[Told, float], None]

_OPENMETRICS = "application/openmetrics-text"
_PLAIN = "text/plain; version=0.0.4; charset=utf-8"


class House(Collector):
    """One MTA's house, for a Prometheus registry; ``stopwatch`` gives seconds that only go forward."""

    def __init__(self, store: Store, settings: Settings, clock: Callable[[], float] = time.time,
                 stopwatch: Callable[[], float] = time.perf_counter) -> None:
        self._mta = settings.mta.name
        self._clock = clock
        self._stopwatch = stopwatch
        self._parts: tuple[Part, ...] = (
            Mail(store, settings), Backlog(store, settings), Terms(settings), Roads(store, settings),
            Programs(store, settings),
        )  # fmt: skip

    def collect(self) -> Iterable[Metric]:
        """What is so now."""
        started, now = self._stopwatch(), self._clock()
        told = self._told(up=True)
        try:
            for part in self._parts:
                part(told, now)
        except RedisError as error:
            log.warning("metrics cannot be read", error=str(error))
            return self._told(up=False).families()
        told.say("lanes_scrape_seconds", self._stopwatch() - started)
        return told.families()

    def _told(self, *, up: bool) -> Told:
        told = Told(self._mta)
        told.say("lanes_build_info", 1, version=__version__)
        told.say("lanes_up", up)
        return told


def exposition(house: House, accept: str = "") -> tuple[bytes, str]:
    """The metrics as text, and its content type: OpenMetrics if that is among what a client accepts."""
    if _OPENMETRICS in accept:
        return openmetrics.generate_latest(house), openmetrics.CONTENT_TYPE_LATEST
    return generate_latest(house), _PLAIN
