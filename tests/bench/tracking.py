"""How fast the tracker reads a mail log, and how far percentiles are from the truth.

``tracker_lines_per_s`` has the tracker read a log as Postfix writes one, of messages that the real admit
script has put into a real Valkey: every message is followed to its end and measured. ``percentile_error``
compares the percentiles of merged minutes with those of all queue times, sorted.
"""

from __future__ import annotations

import logging
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import structlog

from contrib.sandbox.redis import PrivateRedis
from lanes.config.load import parse
from lanes.message import Record
from lanes.mta.follow import FileLog
from lanes.mta.postfix.grammar import PostfixGrammar
from lanes.services.tracker import Tracker
from lanes.sla.period import Delivery, Measure, Period
from lanes.store.store import Candidate, Store
from tests.bench.report import quantile

NOW = 1_800_000_000.0
LANES = ("priority", "normal", "bulk", "bulk", "bulk")
"""Of five messages, so many of each lane."""
_AT_ONCE = 50
"""Messages whose lines are mixed, as on a busy server."""


def tracker_lines_per_s(messages: int = 20_000) -> float:
    """Lines of the log a second, applied to Redis; about eight a message."""
    names = [f"4jY{number:08d}zJ{number % 1000:03d}" for number in range(messages)]
    with PrivateRedis() as server, tempfile.TemporaryDirectory() as folder:
        settings = parse(f'redis.url = "{server.url}"\n[lanes.priority]\nquota = {{ messages = 1000000, period = "1s", '
                         "burst = 1000000 }\nmax_size = 0\n[lanes.normal]\nmax_size = 0\n")
        store = Store(server.client(), settings)
        for number, id in enumerate(names):
            store.admit(id, [Candidate(_record(number))], NOW)
        path = Path(folder) / "mail.log"
        path.write_text("".join(_log(names)), "utf-8")
        tracker = Tracker(settings, store, PostfixGrammar(), lambda place: FileLog(path, place), lambda: NOW + 60)
        started = time.perf_counter()
        while not tracker.step():
            pass
        took = time.perf_counter() - started
        tracker.close()
        settled = sum(int(store.client.hget(store.keys.totals, f"delivered:{lane}") or 0) for lane in set(LANES))
        if settled != messages:
            raise AssertionError(f"{settled} of {messages} messages were settled")
        return store.tracking.told().lines / took


def percentile_error(messages: int = 100_000, minutes: int = 60) -> float:
    """The largest relative error of p50, p95 and p99 of an hour, against sorting all of it."""
    chance = random.Random(11)
    taken = [chance.lognormvariate(1, 2) for _ in range(messages)]
    parts = [Period.merged(Period.of(Delivery(seconds, kept=True)) for seconds in taken[minute::minutes])
             for minute in range(minutes)]
    hour = Period.merged(parts)
    exact = {q: quantile(taken, q) or 0.0 for q in (0.5, 0.95, 0.99)}
    return max(abs((hour.percentile(Measure.QUEUE, q) or 0.0) / value - 1) for q, value in exact.items())


def _record(number: int) -> Record:
    lane, domain = LANES[number % len(LANES)], f"domain{number % 100}.example"
    return Record(lane, NOW, NOW + 300, domain, 1, "", "news@example.net", f"Message {number}")


def _log(names: list[str]) -> Iterator[str]:
    """What Postfix says of messages, some of them at once."""
    for first in range(0, len(names), _AT_ONCE):
        group = [_life(id, first + number) for number, id in enumerate(names[first : first + _AT_ONCE])]
        for said in zip(*group, strict=True):
            yield from said


def _life(id: str, number: int) -> list[str]:
    """Eight lines of one message."""
    domain, held = f"domain{number % 100}.example", LANES[number % len(LANES)] == "bulk"
    stamp = time.strftime("%b %d %H:%M:%S", time.localtime(NOW + number // 1000))
    hold = "milter-hold: END-OF-MESSAGE from client.example.net[192.0.2.1]: milter triggers HOLD action; from=<n@e.net>"
    sent = (f"to=<reader{number}@{domain}>, relay=mx.{domain}[198.51.100.7]:25, delay=4.2, delays=4/0.1/0.05/0.05, "
            "dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 4711)")
    return [f"{stamp} mx1 {said}\n" for said in (
        "postfix/smtpd[1234]: connect from client.example.net[192.0.2.1]",
        f"postfix/smtpd[1234]: {id}: client=client.example.net[192.0.2.1]",
        f"postfix/cleanup[1235]: {id}: message-id=<{id}@example.net>",
        f"postfix/cleanup[1235]: {id}: {hold}" if held else "postfix/smtpd[1234]: disconnect from client.example.net",
        f"postfix/postsuper[1236]: {id}: released from hold" if held else "postfix/anvil[99]: statistics: max 1",
        f"postfix/qmgr[1237]: {id}: from=<news@example.net>, size=4711, nrcpt=1 (queue active)",
        f"postfix/smtp[1238]: {id}: {sent}",
        f"postfix/qmgr[1237]: {id}: removed",
    )]


def quiet() -> None:
    """Without the line that the tracker logs of each message: where that goes is the site's choice."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
