"""How long urgent mail waits behind a backlog of bulk mail: ``python -m tests.bench.isolation``.

All mail goes to one destination that takes 20 messages a second, whoever brings them: smtp-sink(1)
with ``-w 1 -m 20`` needs a second for each and serves 20 connections at once; others wait in its
listen queue. An idle one takes a second, then. (smtp-sink counts the ticks of the clock, and can take
one second for two if it begins with a tick, so urgent mail is handed in between two ticks.)

The backlog is newsletters, a batch for each of ten domains in turn, handed in as fast as they are
taken. Once all are accepted and the destination is busy with them, an urgent message is handed in
every second.

Modes
    ``plain``       Postfix as it comes: one road for all mail, 20 connections to a destination.
    ``transports``  bulk has a transport of its own, chosen by ``header_checks`` (``FILTER``), with
                    15 connections to a destination, so that it leaves the other mail a quarter.
    ``lanes``       the same two roads, and mta-lanes with the settings that it is shipped with: bulk
                    is held, and its ripe batches are released onto its transport.
    ``one-road``    mta-lanes on Postfix as it comes (only when asked for): urgent mail then waits for
                    what the window lets be in flight.

An urgent message's time is from the moment its client begins to connect to the moment the log says
that it was delivered (``status=sent``). Both are read off one clock, by following the log in steps
of a few milliseconds: Postfix's own ``delay=`` has two digits, and would round 1.04 s to 1.0. A quantile
over messages of which too many did not arrive in time is null, with ``waited_s`` beside it.

Prints a table, and as its last line one JSON object.

Failure: one line and exit code 1 if this machine cannot have a private Postfix, or if the destination
does not get busy (with less than a batch of backlog, ``lanes`` rightly releases nothing).
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import NamedTuple

from contrib.sandbox.mail import Mail, mail, send, send_all
from contrib.sandbox.ports import LOOPBACK
from contrib.sandbox.postfix import PrivatePostfix, Relay, SandboxError
from contrib.sandbox.sink import FastSink
from contrib.sandbox.site import Site
from contrib.sandbox.wait import wait_until
from lanes.mta.follow import Follower
from lanes.mta.port import Attempt, Outcome
from lanes.mta.postfix.grammar import PostfixGrammar
from tests.bench import report

#: Messages that the destination takes at once; each takes it :data:`SECONDS`.
SLOTS = 20
SECONDS = 1
#: Of these, how many the bulk transport may use.
BULK_SLOTS = 15
#: Domains of the backlog, and how many messages in a row go to each: a batch.
DOMAINS = 10
BATCH = 100
#: Connections that hand the backlog in.
CLIENTS = 50
#: Seconds between two urgent messages, and from the clock's tick to each.
EVERY = 1.0
AFTER_TICK = 0.5
#: Seconds between two looks at the log.
LOOK = 0.002

SETTINGS = """
[relays.economy]
transport = "economy"
cost = 0.001
preference = "economy"
"""
ECONOMY = {"economy": Relay(concurrency=BULK_SLOTS)}


@contextmanager
def plain(destination: int) -> Iterator[PrivatePostfix]:
    """Postfix as it comes."""
    with PrivatePostfix(destination) as postfix:
        yield postfix


@contextmanager
def transports(destination: int) -> Iterator[PrivatePostfix]:
    """Bulk on a transport of its own, never held."""
    check = f"regexp:{{{{/^List-Unsubscribe:/ FILTER economy:[{LOOPBACK}]:{destination}}}}}"
    with PrivatePostfix(destination, relays=ECONOMY, parameters={"header_checks": check}) as postfix:
        yield postfix


@contextmanager
def lanes(destination: int) -> Iterator[PrivatePostfix]:
    """Bulk held, and released in batches onto a transport of its own."""
    with Site(destination, SETTINGS, relays=ECONOMY) as site:
        yield site.postfix


@contextmanager
def one_road(destination: int) -> Iterator[PrivatePostfix]:
    """Bulk held, and released in batches onto the road of all mail."""
    with Site(destination) as site:
        yield site.postfix


Mode = Callable[[int], AbstractContextManager[PrivatePostfix]]
MODES: dict[str, Mode] = {"plain": plain, "transports": transports, "lanes": lanes, "one-road": one_road}
SIDE_BY_SIDE = ("plain", "transports", "lanes")


class Watch:
    """When each message was delivered, on the monotonic clock, as the log tells it."""

    def __init__(self, postfix: PrivatePostfix) -> None:
        self._follower = Follower(postfix.log_path)
        self._grammar = PostfixGrammar()
        self.delivered: dict[str, float] = {}

    def look(self) -> dict[str, float]:
        """Read on to the log's end; all deliveries so far, by queue id."""
        while lines := self._follower.read().lines:
            now = time.monotonic()
            for line in lines:
                event = self._grammar(line, time.time())
                if isinstance(event, Attempt) and event.outcome is Outcome.SENT:
                    self.delivered.setdefault(event.id, now)
        return self.delivered

    def between(self, start: float, end: float) -> int:
        """How many were delivered from one instant to another."""
        return sum(start <= at < end for at in self.delivered.values())


class Measured(NamedTuple):
    """What became of the urgent messages of one mode and backlog."""

    seconds: list[float]
    """Each one's time; infinity for what did not arrive."""
    per_second: float
    """Messages, bulk included, that the destination took a second while urgent ones were handed in."""
    waited: float
    """Seconds for which the last of them was waited for; the others were for longer."""

    def row(self, mode: str, backlog: int) -> dict[str, object]:
        """For the JSON object."""
        p50, p99 = (report.quantile(self.seconds, q) for q in (0.5, 0.99))
        late = {"waited_s": round(self.waited)} if math.inf in self.seconds else {}
        return {"mode": mode, "backlog": backlog, "p50_s": p50 and round(p50, 3), "p99_s": p99 and round(p99, 3),
                "sent": len(self.seconds), "arrived": sum(map(math.isfinite, self.seconds)),
                "destination_per_s": round(self.per_second, 1), **late}


def newsletters(count: int) -> list[Mail]:
    """The backlog, as a list server hands it in that goes by domain."""
    headers = {"List-Unsubscribe": "<https://news.example.net/unsubscribe>", "Precedence": "bulk"}
    return [mail(f"News for reader {n}", f"reader{n}@bulk{n // BATCH % DOMAINS}.example", sender="news@example.net",
                 headers=headers) for n in range(count)]


def hand_in(port: int, count: int) -> dict[str, float]:
    """Hand in urgent messages at a steady pace; queue id -> when its client began."""
    began: dict[str, float] = {}
    start = time.monotonic() + (AFTER_TICK - time.time()) % 1
    for number in range(count):
        time.sleep(max(0.0, start + number * EVERY - time.monotonic()))
        now = time.monotonic()
        began[send(port, mail(f"Your verification code is {100000 + number}", f"user{number}@example.com"))] = now
    return began


def measure(postfix: PrivatePostfix, backlog: int, urgent: int, patience: float,
            say: Callable[[str], None]) -> Measured:
    """One backlog, and the urgent messages behind it, of which the last is waited for ``patience`` seconds.

    Raises :class:`TimeoutError` if the destination does not get busy.
    """
    say("handing in the backlog")
    watch = Watch(postfix)
    send_all(postfix.port, newsletters(backlog), CLIENTS)
    _wait_until_busy(watch, backlog)
    say(f"handing in {urgent} urgent messages")
    start = time.monotonic()
    with ThreadPoolExecutor(1) as client:
        began = _look_on(watch, client.submit(hand_in, postfix.port, urgent))
    end = time.monotonic()
    say(f"waiting for urgent messages, at most {patience:g} s")
    while not began.keys() <= watch.look().keys() and time.monotonic() < end + patience:
        time.sleep(LOOK)
    seconds = [watch.delivered.get(id, math.inf) - at for id, at in began.items()]
    return Measured(seconds, watch.between(start, end) / (end - start), time.monotonic() - end)


def _wait_until_busy(watch: Watch, backlog: int) -> None:
    """Until as much bulk is delivered as the destination takes at once: it is then at work on more."""
    enough = min(backlog, len(watch.look()) + SLOTS)
    wait_until(lambda: len(watch.look()) >= enough, "the destination to be busy", 60)


def _look_on(watch: Watch, sending: Future[dict[str, float]]) -> dict[str, float]:
    while not sending.done():
        watch.look()
        time.sleep(LOOK)
    return sending.result()


def run(backlogs: Sequence[int], modes: Sequence[str], urgent: int, patience: float) -> list[dict[str, object]]:
    """The rows: every mode at one backlog before the next backlog."""
    with report.progress() as progress:
        return [_row(mode, backlog, urgent, patience, progress) for backlog in backlogs for mode in modes]


def _row(mode: str, backlog: int, urgent: int, patience: float, progress: report.Progress) -> dict[str, object]:
    def say(text: str) -> None:
        progress.say(f"{mode}, {backlog} bulk: {text}")

    say("starting")
    with FastSink("-w", str(SECONDS), "-m", str(SLOTS)) as sink, MODES[mode](sink.port) as postfix:
        row = measure(postfix, backlog, urgent, patience, say).row(mode, backlog)
    progress.note(f"{mode}, {backlog} bulk: p50 {row['p50_s']} s, p99 {row['p99_s']} s")
    return row


def main() -> None:
    """Print the table and the JSON object."""
    parser = argparse.ArgumentParser(description="How long urgent mail waits behind a backlog of bulk mail.")
    parser.add_argument("backlogs", nargs="*", type=int, default=[0, 1000], help="bulk messages (0 1000)")
    parser.add_argument("--modes", nargs="+", choices=MODES, default=SIDE_BY_SIDE)
    parser.add_argument("--urgent", type=int, default=30, help="urgent messages, one a second (30)")
    parser.add_argument("--patience", type=float, default=120, help="seconds to wait for the last of them (120)")
    wanted = parser.parse_args()
    try:
        rows = run(wanted.backlogs, wanted.modes, wanted.urgent, wanted.patience)
    except (SandboxError, TimeoutError) as error:
        sys.exit(f"isolation: {error}")
    report.show("seconds an urgent message takes", [{**row, "waited_s": row.get("waited_s")} for row in rows])
    p50 = {f"{row['mode']}, {row['backlog']} bulk": row["p50_s"] for row in rows}
    report.finish("isolation", {"p50_s": p50, "rows": rows})


if __name__ == "__main__":
    main()
