"""The site that is soaked: all programs as shipped, but for what makes an hour of it show what a day of others would.

Bulk leaves within a minute or so, what has settled is remembered for five, Redis is compared with the spool every
five, and deferred mail is tried again every 40 seconds. Alerts fire and clear all the while, and are told to a sink.
Somebody watches the dashboard, Prometheus asks every :data:`SCRAPE` seconds, and the log is rotated every
:data:`ROTATE`.

Contract: a context manager. Failure: as :class:`contrib.sandbox.site.Site`.
"""

from __future__ import annotations

import contextlib
import threading
import time
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Self, cast

from contrib.sandbox.ports import LOOPBACK, free_port
from contrib.sandbox.sink import Sink
from contrib.sandbox.site import Site
from contrib.sandbox.watcher import Watcher
from lanes.services.up import PROGRAMS
from lanes.sla.period import Measure, Period
from lanes.store.minutes import Minutes
from tests.soak.traffic import LATER, REFUSED, Accounts

RUN = (*PROGRAMS, "notifier", "api")
SCRAPE, ROTATE = 15.0, 600.0
#: Seconds between two changes of mind of the domain that puts mail off, and between two looks at what arrived.
_LATER_EVERY, _COLLECT_EVERY = 60.0, 0.5
_LANES = ("priority", "normal", "bulk")
_QUEUES = ("incoming", "active", "hold", "deferred")
_MIB = 1 << 20
#: What grows by design until it is full: minutes of a day and longer, and 100,000 senders, each of whom is new here.
BOUNDED = ("histogram", "ledger", "senders", "standings")
_SETTINGS = """
milter.budget = "1s"
manager.settled_for = "5m"
manager.reconcile_every = "5m"
domains.backoff_max = "90s"
[lanes.priority]
alert_after = "20s"
[lanes.normal]
alert_after = "20s"
retry = { initial = "20s", factor = 2.0, max = "40s" }
[lanes.bulk]
sla = "10m"
lead = "1m"
promote_at = "2m"
retry = { every = "40s" }
batch = { size = 20, max_wait = "1m", streams = 5 }
[alerts.sinks.log]
kind = "log"
repeat = "1m"
"""


class SoakSite:
    """It, its outside world, and what is owed."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self._stop, self._calm = threading.Event(), threading.Event()
        self.accounts = Accounts()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            self.sink = stack.enter_context(Sink())
            self.sink.answer(REFUSED, "550 5.1.1 Nobody here")
            web = f'web.listen = "{LOOPBACK}:{free_port()}"\n'
            self.site = stack.enter_context(Site(self.sink.port, web + _SETTINGS, programs=RUN))
            self._client = self.site.redis.client()
            self._minutes = Minutes(self.site.store)
            self._url = f"http://{self.site.settings.web.listen}"
            self._stack = stack.pop_all()
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._turns, self._watch)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._stack.close()

    def pids(self) -> dict[str, int]:
        """What runs: our programs, and Redis. Raises :class:`RuntimeError` if one of them has ended."""
        for program in RUN:
            if not self.site.running(program):
                raise RuntimeError(f"{program} ended:\n{self.site.log(program)[-2000:]}")
        return {**{program: self.site.pid(program) for program in RUN}, "redis": self.site.redis.pid}

    def spool(self) -> dict[str, int]:
        """Messages in each queue."""
        return {queue: len(self.site.postfix.queue(queue)) for queue in _QUEUES}

    def redis(self) -> dict[str, float]:
        """How much it has: MiB, and keys."""
        return {"memory": self._client.info("memory")["used_memory"] / _MIB, "keys": self._client.dbsize()}

    def families(self) -> dict[str, float]:
        """MiB in keys, by what is in them (:mod:`lanes.store.keys`)."""
        sizes: defaultdict[str, float] = defaultdict(float)
        for key in self._client.scan_iter(count=1000):
            name = str(key, "utf-8", "replace").split(":")
            family = name[2] if name[0] == "lanes" and len(name) > 2 else name[0]
            sizes[family] += (self._client.memory_usage(key, samples=0) or 0) / _MIB
        return dict(sizes)

    def delays(self, first: float, last: float) -> dict[str, dict[str, float | None]]:
        """By lane: p50, p95 and p99 of the queue time of what was delivered between two instants, as the site measures
        them; seconds."""
        minutes = self._minutes.read(_LANES, int(first // 60) + 1, int(last // 60) - 1)
        lanes = {lane: Period.merged(period for (of, _), period in minutes.items() if of == lane) for lane in _LANES}
        return {
            lane: {f"p{q:.0%}"[:-1]: period.percentile(Measure.QUEUE, q) for q in (0.5, 0.95, 0.99)}
            for lane, period in lanes.items()
        }

    def settled(self) -> Counter[str]:
        """How many messages ended, by how, as the site counts them."""
        totals: Counter[str] = Counter()
        told = cast("dict[bytes, bytes]", self._client.hgetall(self.site.store.keys.totals))
        for field, count in told.items():
            totals[field.decode().partition(":")[0]] += int(count)
        return totals

    def calm(self) -> None:
        """From now on nobody puts mail off any more."""
        self._calm.set()
        self._take()

    # --- beside

    def _turns(self) -> None:
        """What happens again and again, each in its own time."""
        later = _alternately(self._put_off, self._take)
        chores: list[tuple[float, Callable[[], object]]] = [
            (_COLLECT_EVERY, lambda: self.accounts.paid(self.sink.take())),
            (_LATER_EVERY, later), (SCRAPE, self._scrape), (ROTATE, self._rotate),
        ]  # fmt: skip
        due = [time.monotonic() + every for every, _ in chores]
        while not self._stop.wait(max(0.0, min(due) - time.monotonic())):
            for place, (every, chore) in enumerate(chores):
                if time.monotonic() >= due[place]:
                    chore()
                    due[place] += every

    def _put_off(self) -> None:
        if not self._calm.is_set():
            self.sink.answer(LATER, "451 4.7.1 Later")

    def _take(self) -> None:
        self.sink.answer(LATER, "")

    def _scrape(self) -> None:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{self._url}/metrics", timeout=30) as answer:
            answer.read()

    def _rotate(self) -> None:
        """As logrotate(8) would, with one older copy."""
        log = self.site.postfix.log_path
        log.replace(log.with_name(f"{log.name}.1"))
        self.site.postfix.reload()

    def _watch(self) -> None:
        """Somebody who looks at the dashboard, and comes back when the stream ends."""
        while not self._stop.wait(1):
            with contextlib.suppress(OSError), Watcher(f"{self._url}/api/v1/live") as watcher:
                for _ in watcher.events():
                    if self._stop.is_set():
                        break


def _alternately(*actions: Callable[[], object]) -> Callable[[], None]:
    turn = 0

    def act() -> None:
        nonlocal turn
        actions[turn % len(actions)]()
        turn += 1

    return act
