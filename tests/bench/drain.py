"""What lanes cost in throughput: ``python -m tests.bench.drain``.

``drain``        Held newsletters, a full batch for each of fifty domains, to a destination that takes mail
                 at once. With lanes: their lane is paused while they are handed in, and the time begins
                 when it is resumed; programs and settings are as shipped (but for the filter's patience with
                 Redis), so the window begins at its narrowest. Bare: the same mail held by the same
                 filter, with no other program of ours, and one ``postsuper -H -`` and one postkick(1).
``mixed``        Urgent, normal and bulk mail (full batches, so that nothing waits by design), handed in on
                 several connections. The time is from the first connection on. With lanes, and on plain
                 Postfix without a filter.

All times end with the last ``removed`` in Postfix's log. Each time is one of a pair, measured one after
the other, every other pair in reverse, since a machine is seldom as busy now as it was a minute ago; a ratio
is the median of its pairs' ratios.

Prints what each run took and how wide the window got, a table, and as its last line one JSON object.

Failure: one line and exit code 1 if this machine cannot have a private Postfix, or if mail does not arrive.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import NamedTuple

from contrib.sandbox.mail import Mail, mail, send_all
from contrib.sandbox.postfix import PrivatePostfix, SandboxError
from contrib.sandbox.sink import FastSink
from contrib.sandbox.site import Site
from contrib.sandbox.wait import wait_until
from lanes.store.orders import Orders
from tests.bench import report

DOMAINS = 50
BATCH = 100
#: Newsletters to be drained: a full batch for each domain.
NEWSLETTERS = DOMAINS * BATCH
#: Mail of each lane in the mixed load.
EACH = 1000
#: Connections that hand mail in.
CLIENTS = 10
#: Urgent mail has so many senders: one that sends all of it would be over its quota.
SENDERS = 20
#: Seconds between two looks at the log, and for which the last message is waited for.
LOOK = 0.02
PATIENCE = 180.0

#: On a busy machine the filter may not hear from Redis in time, and lets a message pass that a batch then lacks.
SETTINGS = 'milter.budget = "10s"\n'
_HEADERS = {"List-Unsubscribe": "<https://news.example.net/unsubscribe>", "Precedence": "bulk"}


class Run(NamedTuple):
    """One run, of one side of a pair."""

    seconds: float
    width: int = 0
    """How wide the window got; 0 where there is none."""


class Pair(NamedTuple):
    """The same work done with lanes and without."""

    lanes: Run
    bare: Run

    @property
    def ratio(self) -> float:
        """How much longer it took with lanes."""
        return self.lanes.seconds / self.bare.seconds


class Ends:
    """How many messages have left Postfix, as its log tells, since this was made."""

    def __init__(self, postfix: PrivatePostfix) -> None:
        wait_until(postfix.log_path.exists, "Postfix to begin its log")
        self._log = postfix.log_path.open("rb")
        self._log.seek(0, os.SEEK_END)
        self._count = 0

    def wait_for(self, count: int, look: Callable[[], object] = lambda: None) -> None:
        """Until ``count`` messages have; ``look`` is called meanwhile. Raises :class:`TimeoutError`."""

        def enough() -> bool:
            look()
            self._count += self._log.read().count(b": removed\n")
            return self._count >= count

        with self._log:
            wait_until(enough, f"{count} messages to leave", PATIENCE, LOOK)


class Width:
    """How wide the window gets."""

    def __init__(self, site: Site) -> None:
        self._flow = site.store.flow
        self.most = 0

    def look(self) -> None:
        """At the window as it is now."""
        if window := self._flow.window():
            self.most = max(self.most, window.size)


def newsletters(count: int, size: int = BATCH) -> list[Mail]:
    """As a list server hands them in that goes by domain: so many for each."""
    return [newsletter(n, n // size % DOMAINS + 1) for n in range(count)]


def newsletter(number: int, domain: int) -> Mail:
    """One copy, for a reader in one of the domains, which begin with 1."""
    return mail(f"News for reader {number}", f"reader{number}@bulk{domain}.example", sender="news@example.net",
                headers=_HEADERS)


def all_sorts(each: int) -> list[Mail]:
    """Urgent, normal and bulk in turn."""
    urgent = (mail(f"Your verification code is {100000 + n}", f"user{n}@example.com",
                   sender=f"app{n % SENDERS}@example.net") for n in range(each))
    normal = (mail(f"Minutes of meeting {n}", f"member{n}@example.org", sender=f"person{n % SENDERS}@example.net")
              for n in range(each))
    return [one for three in zip(urgent, normal, newsletters(each), strict=True) for one in three]


def drained_by_lanes(count: int) -> Run:
    """Held mail of a lane that was paused, from when it is resumed."""
    with FastSink() as sink, Site(sink.port, SETTINGS) as site:
        orders, width = Orders(site.store, site.settings), Width(site)
        orders.pause("lane:bulk")
        _hold(site, count)
        ends, start = Ends(site.postfix), time.monotonic()
        orders.resume("lane:bulk")
        ends.wait_for(count, width.look)
        return Run(time.monotonic() - start, width.most)


def drained_bare(count: int) -> Run:
    """Held mail, from when an administrator lets all of it go."""
    with FastSink() as sink, Site(sink.port, SETTINGS, programs=("milter",)) as site:
        _hold(site, count)
        everything = "".join(f"{id}\n" for id in site.postfix.queue("hold"))
        ends, start = Ends(site.postfix), time.monotonic()
        site.postfix.command("postsuper", "-H", "-", text=everything)
        site.postfix.kick()
        ends.wait_for(count)
        return Run(time.monotonic() - start)


def _hold(site: Site, count: int) -> None:
    site.send_all(newsletters(count), CLIENTS)
    wait_until(lambda: len(site.postfix.queue("hold")) >= count, f"{count} messages on hold", every=0.1)


def mixed_by_lanes(each: int) -> Run:
    """All sorts, with lanes."""
    with FastSink() as sink, Site(sink.port, SETTINGS) as site:
        width = Width(site)
        seconds = _mixed(site.postfix, each, width.look)
        return Run(seconds, width.most)


def mixed_plain(each: int) -> Run:
    """All sorts, on Postfix as it comes."""
    with FastSink() as sink, PrivatePostfix(sink.port) as postfix:
        return Run(_mixed(postfix, each, lambda: None))


def _mixed(postfix: PrivatePostfix, each: int, look: Callable[[], object]) -> float:
    mails, ends, start = all_sorts(each), Ends(postfix), time.monotonic()
    send_all(postfix.port, mails, CLIENTS)
    ends.wait_for(len(mails), look)
    return time.monotonic() - start


def paired(what: str, lanes: Callable[[], Run], bare: Callable[[], Run], pairs: int,
           progress: report.Progress) -> list[Pair]:
    """Measure both sides as often as told, alternating which comes first."""
    measured = []
    for number in range(pairs):
        progress.say(f"{what}, pair {number + 1} of {pairs}")
        if number % 2:
            without, ours = bare(), lanes()
        else:
            ours, without = lanes(), bare()
        measured.append(pair := Pair(ours, without))
        progress.note(f"{what}: lanes {ours.seconds:.2f} s (window up to {ours.width}), "
                      f"without {without.seconds:.2f} s, ratio {pair.ratio:.2f}")
    return measured


def row(what: str, messages: int, pairs: Sequence[Pair]) -> dict[str, object]:
    """For the table."""
    return {"what": what, "messages": messages, "pairs": len(pairs),
            "lanes_s": round(median(pair.lanes.seconds for pair in pairs), 2),
            "without_s": round(median(pair.bare.seconds for pair in pairs), 2),
            "ratio": ratio(pairs), "window": max(pair.lanes.width for pair in pairs)}


def ratio(pairs: Sequence[Pair]) -> float:
    """The median of the pairs' ratios."""
    return round(median(pair.ratio for pair in pairs), 3)


def main() -> None:
    """Print the tables and the JSON object."""
    parser = argparse.ArgumentParser(description="What lanes cost in throughput.")
    parser.add_argument("--pairs", type=int, default=5, help="pairs of runs for each ratio (5)")
    parser.add_argument("--held", type=int, default=NEWSLETTERS, help=f"messages to be drained ({NEWSLETTERS})")
    parser.add_argument("--each", type=int, default=EACH, help=f"messages of each lane in the mix ({EACH})")
    wanted = parser.parse_args()
    try:
        with report.progress() as progress:
            drain = paired("drain", lambda: drained_by_lanes(wanted.held), lambda: drained_bare(wanted.held),
                           wanted.pairs, progress)
            mixed = paired("mixed", lambda: mixed_by_lanes(wanted.each), lambda: mixed_plain(wanted.each),
                           wanted.pairs, progress)
    except (SandboxError, TimeoutError) as error:
        sys.exit(f"drain: {error}")
    report.show("seconds to the last delivery", [
        row("drain", wanted.held, drain), row("mixed", wanted.each * 3, mixed)])
    report.finish("drain", {"drain_ratio": ratio(drain), "mixed_ratio": ratio(mixed),
                            "drain_ratios": report.spread([pair.ratio for pair in drain]),
                            "mixed_ratios": report.spread([pair.ratio for pair in mixed])})


if __name__ == "__main__":
    main()
