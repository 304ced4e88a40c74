"""``make fuzz``: every target for a while, a table of what came of it, and one line of JSON.

``MINUTES`` is for all targets together, shared evenly; ``ONLY`` names some. What is found is put into ``build/fuzz``,
to be made small, mended, and kept in ``tests/fuzz/corpus``.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import subprocess
import sys
import time
import traceback
from pathlib import Path
from typing import NamedTuple

import click
from rich.console import Console
from rich.table import Table

from tests.fuzz.kept import FOLDER, kept_of
from tests.fuzz.mutate import MOST, mutated
from tests.fuzz.pure.table import PARSERS
from tests.fuzz.quiet import quiet
from tests.fuzz.real.table import SERVERS

FOUND = Path("build/fuzz")
#: Seconds and MiB that one input may take; inputs between two looks whether a server works as before.
_SLOW, _MEMORY, _LOOK = 10, 2048, 50
_RUNS = re.compile(r"^stat::number_of_executed_units: (\d+)", re.MULTILINE)
_EDGES = re.compile(r"cov: (\d+)")


class Tally(NamedTuple):
    """What came of a target."""

    inputs: int
    seconds: float
    crashes: int
    coverage_edges: int | None = None
    """Of our code, that some input went along; None for another process, of which that is not known."""


def fuzz_parser(name: str, seconds: float) -> Tally:
    """By coverage, in a process of its own; what is new is kept beside what was found."""
    new = FOUND / name
    new.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "tests.fuzz.cover", name, str(new), str(FOLDER / name),
               f"-max_total_time={round(seconds)}", f"-timeout={_SLOW}", f"-rss_limit_mb={_MEMORY}", "-max_len=16384",
               "-print_final_stats=1", f"-artifact_prefix={new}/"]  # fmt: skip
    started = time.monotonic()
    ended = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    runs, edges = _RUNS.findall(ended.stderr), _EDGES.findall(ended.stderr)
    if ended.returncode:
        print(ended.stderr[-3000:], file=sys.stderr)
    return Tally(int(runs[-1]) if runs else 0, time.monotonic() - started, int(ended.returncode != 0),
                 max(map(int, edges), default=0))


def fuzz_server(name: str, seconds: float, dice: random.Random) -> Tally:
    """All that is kept, then changes of it, to one real server; until the first input that does harm."""
    kept = list(kept_of(name).values())
    inputs, data, started = 0, b"", time.monotonic()
    try:
        with SERVERS[name]() as (take, must_work):
            must_work()
            started = time.monotonic()
            while inputs < len(kept) or time.monotonic() < started + seconds:
                data = kept[inputs] if inputs < len(kept) else mutated(dice.choice(kept), dice, kept)
                take(data)
                inputs += 1
                if inputs % _LOOK == 0:
                    must_work()
            must_work()
    except Exception:  # noqa: BLE001 - any that there is was found
        traceback.print_exc()
        _keep(name, data)
        return Tally(inputs, time.monotonic() - started, 1)
    return Tally(inputs, time.monotonic() - started, 0)


def _keep(name: str, data: bytes) -> None:
    """The last input; a server may have been harmed by one before it."""
    folder = FOUND / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"crash-{hashlib.sha256(data).hexdigest()[:16]}").write_bytes(data[:MOST])


@click.command()
@click.option("--minutes", default=30.0, show_default=True, help="For all targets together.")
@click.option("--only", default="", help="Targets, separated by commas.")
@click.option("--seed", default=None, type=int, help="Of the changes that servers are sent; else by chance.")
def main(minutes: float, only: str, seed: int | None) -> None:
    """Fuzz for a while; the exit code is 1 if an input did harm."""
    quiet()
    every = [*PARSERS, *SERVERS]
    targets = only.split(",") if only else every
    if unknown := set(targets) - set(every):
        raise click.BadParameter(f"no such target: {', '.join(sorted(unknown))} (known: {', '.join(every)})")
    seconds, dice = minutes * 60 / len(targets), random.Random(seed)
    tallies = {name: fuzz_parser(name, seconds) if name in PARSERS else fuzz_server(name, seconds, dice)
               for name in targets}
    _show(tallies)
    told = {name: {key: value for key, value in tally._asdict().items() if value is not None}
            for name, tally in tallies.items()}
    print(json.dumps({"fuzz": told}))
    sys.exit(any(tally.crashes for tally in tallies.values()))


def _show(tallies: dict[str, Tally]) -> None:
    table = Table("target", "inputs", "seconds", "a second", "edges", "crashes")
    for name, tally in tallies.items():
        table.add_row(name, f"{tally.inputs:,}", f"{tally.seconds:.0f}", f"{tally.inputs / tally.seconds:,.0f}",
                      str(tally.coverage_edges or ""), str(tally.crashes))
    Console(width=int(os.environ.get("COLUMNS", "100"))).print(table)


if __name__ == "__main__":
    main()
