"""What a scrape by Prometheus costs: all the house's metrics, read from a real Valkey and written as text.

``scrape_ms`` times it with a thousand messages on hold and with a million, by turns, so that whatever else the
machine does at the time hits both alike. Before that, deliveries took anything from a millisecond to five days, so
that every bucket that there can be is there to be read.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import NamedTuple

from contrib.sandbox.redis import PrivateRedis
from lanes.config.load import parse
from lanes.life import Result
from lanes.message import Record
from lanes.metrics.collector import House, exposition
from lanes.sla.histogram import SMALLEST, bucket, midpoint
from lanes.store.settling import Settlement
from lanes.store.store import Candidate, Store
from tests.bench.report import Progress, quantile
from tests.bench.scale import NOW, fill

_FEW = 1000
_SCRAPES = 20
_LONGEST = 5 * 86400.0


class Cost(NamedTuple):
    """Of some scrapes, in milliseconds."""

    median: float
    worst: float


def scrape_ms(tell: Progress, held: int = 1_000_000) -> dict[int, Cost]:
    """Messages on hold -> what a scrape costs then."""
    with ExitStack() as servers:
        houses = {count: _house(servers.enter_context(PrivateRedis()), count, tell) for count in (_FEW, held)}
        took: dict[int, list[float]] = {count: [] for count in houses}
        for _ in range(_SCRAPES):
            for count, house in houses.items():
                started = time.perf_counter()
                exposition(house)
                took[count].append((time.perf_counter() - started) * 1000)
        return {count: Cost(quantile(times, 0.5) or 0.0, max(times)) for count, times in took.items()}


def _house(server: PrivateRedis, held: int, tell: Progress) -> House:
    """Settings without limits, a message delivered for each bucket of each lane, and so many on hold."""
    settings = parse(f'redis.url = "{server.url}"\n[lanes.priority]\nmax_size = 0\nquota = {{ messages = 1000000, '
                     'period = "1s", burst = 1000000 }\n[lanes.normal]\nmax_size = 0\n')  # fmt: skip
    store = Store(server.client(), settings)
    for lane in settings.lanes:
        _deliver(store, lane)
    fill(store, held, tell)
    return House(store, settings, lambda: NOW)


def _deliver(store: Store, lane: str) -> None:
    """A message for each bucket."""
    for index in range(bucket(SMALLEST), bucket(_LONGEST)):
        id, taken = f"{lane}{index}", midpoint(index)
        record = Record(lane, NOW - taken, NOW, "example.net", 1, "", "news@example.net", "")
        store.admit(id, [Candidate(record)], NOW - taken)
        store.settle([Settlement(id, Result.DELIVERED, NOW, taken, NOW - taken / 2)])
