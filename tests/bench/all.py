"""All benchmarks, one after the other, and one table of what came out: ``make bench``.

Each is a program of its own (``python -m tests.bench.NAME``) whose last line is a JSON object. One that fails does not
keep the others from running; that is said at the end, and by the exit code. The objects go to ``bench/results.json``,
with the machine, its load before each, the instant and the commit.

``--only``     these, instead of all
``--quick``    a short form of each, to see that all of it runs; its numbers are rough
``--against``  an older ``results.json``: beside each number that one's, and the ratio of the new to it

On a terminal each shows how far it is; in a pipe there is the table only.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from tests.bench import machine, report

RESULTS = report.FOLDER / "results.json"
#: Lines of what a benchmark said that are shown if it failed.
_LAST_WORDS = 5

Number = int | float
Found = dict[str, Any]


class Bench(NamedTuple):
    """One benchmark: what it is given, in full and in the short form; None: it has none, and is left out of that."""

    arguments: str = ""
    quick: str | None = ""


#: By name, in the order in which they run: what takes seconds first.
BENCHES = {
    "router": Bench(),
    "classify": Bench(),
    "deadlines": Bench(quick="--seeds 1"),
    "api": Bench(quick="--held 10000 --seconds 3"),
    "commands": Bench(quick="--each 100"),
    "reconcile": Bench(quick="--held 10000"),
    "sendmail": Bench(quick="--wave 100 --backlog 1000"),
    "filter": Bench(quick="--rounds 1 --messages 200"),
    "connections": Bench(quick="--sizes 5"),
    "drain": Bench(quick="--pairs 1 --held 1000 --each 300"),
    "isolation": Bench("0 1000 10000 25000", "0 1000 --urgent 10 --patience 30"),
    "scale": Bench(quick="--held 50000 --ticks 100"),
    "sla": Bench(quick="--held 20000"),
    "roads": Bench(quick=None),
    "day": Bench(quick="--hours 0.05"),
}


def run(command: Sequence[str], *, terminal: bool) -> Found:
    """One benchmark's JSON object, or ``failed`` and why; with the seconds it took and the load before."""
    before, started = machine.load(), time.monotonic()
    ended = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True,
                           stderr=None if terminal else subprocess.STDOUT)
    found = {"load_before": before, "seconds": round(time.monotonic() - started, 1)}
    lines = ended.stdout.splitlines()
    try:
        if ended.returncode == 0:
            return {**found, "result": json.loads(lines[-1])}
    except (IndexError, ValueError):
        lines.append("its last line is no JSON object")
    return {**found, "failed": f"exit code {ended.returncode}", "said": lines[-_LAST_WORDS:]}


def run_all(names: Sequence[str], *, quick: bool, terminal: bool) -> dict[str, Found]:
    """By name, what each came to."""
    found = {}
    for place, name in enumerate(names, 1):
        bench = BENCHES[name]
        if terminal:
            print(f"{name}, {place} of {len(names)}", file=sys.stderr)
        arguments = shlex.split((bench.quick or "") if quick else bench.arguments)
        found[name] = run([sys.executable, "-m", f"tests.bench.{name}", *arguments], terminal=terminal)
    return found


def numbers(result: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Number]]:
    """The numbers of a result, with their keys; those in lists are the plots'."""
    for key, value in result.items():
        if isinstance(value, Mapping):
            yield from numbers(value, f"{path}{key} / ")
        elif isinstance(value, Number) and not isinstance(value, bool):
            yield f"{path}{key}", value


def rows(found: Mapping[str, Found], old: Mapping[str, Found]) -> Iterator[dict[str, object]]:
    """The table: a row for each number, and one for each benchmark that failed."""
    for name, one in found.items():
        if "failed" in one:
            yield {"bench": name, "what": "failed: " + one["failed"], "number": None, **_beside(None, None, old)}
        before = dict(numbers(old.get(name, {}).get("result", {})))
        for what, number in numbers(one.get("result", {})):
            yield {"bench": name, "what": what, "number": number, **_beside(number, before.get(what), old)}


def _beside(new: Number | None, before: Number | None, old: Mapping[str, Found]) -> dict[str, object]:
    """The columns of a comparison, if there is one."""
    ratio = f"{new / before:.2f}" if new is not None and before else None
    return {"before": before, "ratio": ratio} if old else {}


def main() -> None:
    """Run them, keep what came out, and print the table."""
    parser = argparse.ArgumentParser(description="All benchmarks, and one table of what came out.")
    parser.add_argument("--only", nargs="+", choices=BENCHES, metavar="NAME",
                        help=f"of {', '.join(BENCHES)}")
    parser.add_argument("--quick", action="store_true", help="a short form of each")
    parser.add_argument("--against", type=Path, help="an older results.json")
    wanted = parser.parse_args()
    old = json.loads(wanted.against.read_text("utf-8"))["benches"] if wanted.against else {}
    about = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "commit": machine.commit(), "quick": wanted.quick,
             "machine": machine.describe()}  # fmt: skip
    names = wanted.only or [name for name, bench in BENCHES.items() if not wanted.quick or bench.quick is not None]
    found = run_all(names, quick=wanted.quick, terminal=sys.stderr.isatty())
    report.FOLDER.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({**about, "benches": found}, indent=1) + "\n", "utf-8")
    report.show("benchmarks", list(rows(found, old)))
    failed = {name: one for name, one in found.items() if "failed" in one}
    for name, one in failed.items():
        print(f"{name} failed, {one['failed']}:", *one["said"], sep="\n  ", file=sys.stderr)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
