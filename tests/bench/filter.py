"""What the filter costs in throughput: ``python -m tests.bench.filter``.

A Postfix takes mail from smtp-source(1) on several connections, a message each, and delivers it to smtp-sink(1); all
on loopback. Messages have 25 headers, and are of 4 or 50 KB in all. The same is done without a filter, with one in
Python that does nothing and one that is told and tags but decides nothing (:mod:`tests.bench.least`), with opendkim(8)
that verifies (the messages have no signature, so that it reads them and asks nobody), and with the filter of mta-lanes
and a Redis. Its settings are as shipped, but that the window is never full: of mta-lanes only the filter runs, so
nothing would make room. All filters are on UNIX sockets; with ``--tcp`` ours is measured by TCP, too.

Each round measures every side once, every other round in reverse. The time is from the first connection to the last
``removed`` in Postfix's log. Processor time is a message's: that of the filter's process, and that of Postfix, filter
and Redis together, which says more on a machine that is busy with other things. ``ratio_...`` is the throughput with
mta-lanes as a part of that with the other in the same round; ``cpu_...`` is the processor time with the other as a
part of that with mta-lanes, which is what the ratio would be if nothing but that time counted. What is told is the
median of all rounds, and the quartiles.

Prints a table for each load and one of the ratios, and as its last line one JSON object.

Failure: one line and exit code 1 if this machine cannot have a private Postfix, or if mail does not arrive.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from statistics import median
from typing import NamedTuple

from contrib.sandbox.ports import LOOPBACK
from contrib.sandbox.postfix import SandboxError
from contrib.sandbox.sink import FastSink
from tests.bench import report
from tests.bench.drain import Ends
from tests.bench.filters import BY_TCP, SIDES, Side

HEADERS = 25
#: The side whose cost is looked at, and those of the JSON object that it is compared with.
OURS, OTHERS = "lanes", ("none", "noop", "tags", "opendkim")
_WARM_UP = 50


class Load(NamedTuple):
    """What is sent in a run."""

    sessions: int
    size: int
    """Bytes of a message."""

    def __str__(self) -> str:
        return f"{self.sessions} sessions, {self.size // 1000} KB"


class Run(NamedTuple):
    """One side, once."""

    seconds: float
    cpu: float
    """Seconds of the filter's process."""
    all_cpu: float
    """Seconds of Postfix, filter and Redis together."""


LOADS = tuple(Load(sessions, size) for sessions in (4, 16) for size in (4_000, 50_000))

#: Makes a side whose mail goes to a port.
Maker = Callable[[int], Iterator[Side]]
#: Load -> a round each: side -> run.
Rounds = Mapping[Load, Sequence[Mapping[str, Run]]]


def message(size: int) -> str:
    """A message of ``size`` bytes, about which no rule speaks."""
    own = {
        "From": "Ada Example <ada@example.net>", "To": "Reader <reader@example.com>", "Subject": "Minutes of meeting",
        "Date": "Tue, 24 Nov 2026 09:00:00 +0000", "Message-ID": "<1@example.net>", "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=us-ascii", "Content-Transfer-Encoding": "7bit",
    }  # fmt: skip
    more = {f"X-Example-{n}": "a value as long as those of other headers are" for n in range(HEADERS - len(own))}
    head = "".join(f"{name}: {value}\n" for name, value in {**own, **more}.items())
    line = "x" * 70 + "\n"
    return f"{head}\n{line * ((size - len(head)) // len(line))}"


def send(side: Side, load: Load, count: int) -> Run:
    """Send ``count`` messages, until the last has left. Raises :class:`RuntimeError` if the filter missed any."""
    with tempfile.NamedTemporaryFile("w", prefix="bench-filter-") as file:
        file.write(message(load.size))
        file.flush()
        side.forget()
        ends, cpu, all_cpu, start = Ends(side.postfix), side.cpu, side.all_cpu, time.monotonic()
        subprocess.run(_source(side.postfix.port, load.sessions, count, file.name), check=True)
        ends.wait_for(count)
        run = Run(time.monotonic() - start, side.cpu - cpu, side.all_cpu - all_cpu)
    if (seen := side.forget()) not in (None, count):
        raise RuntimeError(f"the filter dealt with {seen} messages of {count}")
    return run


def _source(port: int, sessions: int, count: int, file: str) -> list[str]:
    program = shutil.which("smtp-source", path="/usr/sbin:/usr/bin:/usr/local/sbin") or "smtp-source"
    return [program, "-s", str(sessions), "-m", str(count), "-M", "client.example.net", "-f", "ada@example.net",
            "-t", "reader@example.com", "-F", file, f"{LOOPBACK}:{port}"]


def measure(rounds: int, count: int, loads: Sequence[Load], makers: Mapping[str, Maker],
            tell: report.Progress) -> Rounds:
    """Every side under every load, ``rounds`` times, ``count`` messages a run."""
    with ExitStack() as stack:
        sink = stack.enter_context(FastSink())
        sides = {name: stack.enter_context(contextmanager(make)(sink.port)) for name, make in makers.items()}
        for name, side in sides.items():
            tell.say(f"warming up: {name}")
            send(side, loads[-1], _WARM_UP)
        return {load: [_round(sides, load, count, number, tell) for number in range(rounds)] for load in loads}


def _round(sides: Mapping[str, Side], load: Load, count: int, number: int, tell: report.Progress) -> Mapping[str, Run]:
    tell.say(f"{load}, round {number + 1}")
    order = list(sides.items())
    runs = {name: send(side, load, count) for name, side in (reversed(order) if number % 2 else order)}
    tell.note(f"{load}: " + ", ".join(f"{name} {count / runs[name].seconds:.0f}/s" for name in sides))
    return runs


def ratios(measured: Rounds, other: str, ours: str = OURS) -> list[float]:
    """Throughput of ours as a part of the other's, round by round."""
    return [one[other].seconds / one[ours].seconds for rounds in measured.values() for one in rounds]


def cpu_ratios(measured: Rounds, other: str, ours: str = OURS) -> list[float]:
    """The other's processor time, of everything, as a part of that with ours, round by round."""
    return [one[other].all_cpu / one[ours].all_cpu for rounds in measured.values() for one in rounds]


def rows(rounds: Sequence[Mapping[str, Run]], count: int) -> list[dict[str, object]]:
    """A load's, by filter: messages a second, and microseconds of processor time a message."""
    return [
        {
            "filter": name,
            "per_s": round(count / median(one[name].seconds for one in rounds)),
            "slowest": round(count / max(one[name].seconds for one in rounds)),
            "fastest": round(count / min(one[name].seconds for one in rounds)),
            "cpu_us": round(median(one[name].cpu for one in rounds) / count * 1e6),
            "all_cpu_us": round(median(one[name].all_cpu for one in rounds) / count * 1e6),
        }
        for name in rounds[0]
    ]


def _ratio_row(other: str, found: Sequence[float]) -> dict[str, object]:
    parts = {title: round(report.quantile(found, q) or 0.0, 2) for title, q in
             (("1st quartile", 0.25), ("median", 0.5), ("3rd quartile", 0.75))}
    return {"with lanes, beside": other, **parts, "pairs": len(found)}


def main() -> int:
    """Measure, and tell."""
    parser = argparse.ArgumentParser(description="What the filter costs in throughput.")
    parser.add_argument("--rounds", type=int, default=5, help="of each load (5)")
    parser.add_argument("--messages", type=int, default=500, help="in a run (500)")
    parser.add_argument("--tcp", action="store_true", help="by TCP, too")
    options = parser.parse_args()
    makers = {**SIDES, **(BY_TCP if options.tcp else {})}
    try:
        with report.progress() as tell:
            measured = measure(options.rounds, options.messages, LOADS, makers, tell)
    except (SandboxError, TimeoutError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 1
    loads = {str(load): rows(rounds, options.messages) for load, rounds in measured.items()}
    for load, table in loads.items():
        report.show(load, table)
    others = [name for name in makers if name != OURS]
    report.show("Throughput", [_ratio_row(other, ratios(measured, other)) for other in others])
    report.show("Processor time", [_ratio_row(other, cpu_ratios(measured, other)) for other in others])
    report.finish("filter", {
        **{f"ratio_{other}": round(median(ratios(measured, other)), 3) for other in OTHERS},
        **{f"cpu_{other}": round(median(cpu_ratios(measured, other)), 3) for other in OTHERS},
        "rows": [{"load": load, **row} for load, table in loads.items() for row in table],
    })  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
