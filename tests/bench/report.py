"""What benchmarks share: quantiles, a table for people, one JSON object for programs, a progress line.

Contract: a benchmark's last line is one JSON object with its name under ``bench``; the same object is
in ``bench/NAME.json`` under the working folder, for the plots. Whoever reads it finds null where a
number was not to be had.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from rich import box
from rich.console import Console
from rich.status import Status
from rich.table import Table

#: Where the JSON objects are kept; git ignores it.
FOLDER = Path("bench")
#: Columns where there is no terminal to ask.
_PIPE_WIDTH = 140


def quantile(values: Sequence[float], q: float) -> float | None:
    """The smallest value that at least the part ``q`` of all do not exceed (nearest rank).

    What never came counts as infinity; None if that is the answer, or if there are no values.
    """
    rank = max(1, math.ceil(q * len(values)))
    value = sorted(values)[rank - 1] if values else math.inf
    return value if math.isfinite(value) else None


def spread(values: Sequence[float], digits: int = 3) -> dict[str, float]:
    """The median, and the least and the greatest: what a number of some runs is told with."""
    told = {"median": median(values), "least": min(values), "most": max(values)}
    return {name: round(value, digits) for name, value in told.items()}


def show(title: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Print rows with the same keys as a table; numbers to the right."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for heading, value in rows[0].items():
        table.add_column(heading, justify="left" if isinstance(value, str) else "right", no_wrap=True)
    for row in rows:
        table.add_row(*("–" if value is None else str(value) for value in row.values()))
    plain = Console()
    (plain if plain.is_terminal else Console(width=_PIPE_WIDTH)).print(table)


def finish(bench: str, result: Mapping[str, object]) -> None:
    """Keep the result, and print it as the last line."""
    line = json.dumps({"bench": bench, **result})
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{bench}.json").write_text(line + "\n", "utf-8")
    print(line, flush=True)


class Progress:
    """Where a benchmark is, on standard error: a line that is written over, and lines that stay."""

    def __init__(self, status: Status) -> None:
        self._status = status

    def say(self, text: str) -> None:
        """What is being done now; silent without a terminal."""
        self._status.update(text)

    def note(self, text: str) -> None:
        """What has come out so far."""
        self._status.console.print(text, highlight=False, soft_wrap=True)


@contextmanager
def progress() -> Iterator[Progress]:
    """Progress, for as long as the benchmark measures."""
    with Console(stderr=True).status("") as status:
        yield Progress(status)
