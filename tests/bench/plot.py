"""Draws ``docs/isolation.svg`` and others from what benchmarks measured: ``python -m tests.bench.plot``.

Each from the JSON object of its benchmark in ``bench/``; one that is missing is said and left as it is.

``isolation``: one group of marks a backlog, one mark a mode: the median, with a whisker up to the 99th percentile.
The scale is logarithmic, since the modes are a factor of fifty and more apart; what did not arrive in
the time given stands above it. ``deadlines`` and ``filter`` are in :mod:`tests.bench.plot_deadlines` and
:mod:`tests.bench.plot_filter`. The look is in ``plot.mplstyle``. The same numbers give the same file.

Failure: :class:`SystemExit` with one line if there is nothing to draw from.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tests.bench import plot_deadlines, plot_filter
from tests.bench.report import FOLDER

DOCS = Path("docs")

#: Mode -> its colour and what it is called.
MODES = {
    "plain": ("#d1495b", "plain Postfix"),
    "transports": ("#c9881f", "a transport for bulk"),
    "lanes": ("#2f8fd0", "mta-lanes"),
}
#: Seconds on the scale, and how they are written.
TICKS = {1: "1 s", 3: "3 s", 10: "10 s", 30: "30 s", 60: "1 min", 180: "3 min"}
#: Distance between the marks of a group, in groups.
STEP = 0.3

Row = dict[str, Any]


def draw(rows: Sequence[Row]) -> Figure:
    """The picture of an isolation run; rows are those of its JSON object."""
    figure = Figure(figsize=(7.6, 4.0), layout="constrained")
    axes = figure.subplots()
    backlogs = sorted({row["backlog"] for row in rows})
    top = 1.4 * max(float(row["p99_s"] or row["waited_s"]) for row in rows)
    for place, (mode, (colour, name)) in enumerate(MODES.items()):
        axes.plot([], [], "o", color=colour, label=name)
        for row in rows:
            if row["mode"] == mode:
                _mark(axes, backlogs.index(row["backlog"]) + (place - 1) * STEP, row, colour, top)
    _scales(axes, backlogs, top)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=len(MODES), columnspacing=1.6)
    return figure


def _mark(axes: Axes, x: float, row: Row, colour: str, top: float) -> None:
    """One mode at one backlog, with its number; what has none is at the top."""
    low, high = row["p50_s"], row["p99_s"]
    if low is None:
        axes.plot(x, top, "^", color=colour, markerfacecolor="none", markeredgewidth=1.6)
        _note(axes, x, top, f"> {row['waited_s']} s", colour)
    else:
        axes.plot([x, x], [low, high or top], color=colour, linewidth=2)
        axes.plot(x, low, "o", color=colour)
        _note(axes, x, low, f"{low:.1f} s" if low < 10 else f"{low:.0f} s", colour)


def _note(axes: Axes, x: float, y: float, text: str, colour: str) -> None:
    axes.annotate(text, (x, y), xytext=(0, -9), textcoords="offset points", ha="center", va="top", fontsize=9,
                  color=colour)


def _scales(axes: Axes, backlogs: Sequence[int], top: float) -> None:
    axes.set_yscale("log")
    axes.set_ylim(0.55, 1.35 * top)
    ticks = {seconds: name for seconds, name in TICKS.items() if seconds < top / 1.4}
    axes.set_yticks([], minor=True)
    axes.set_yticks(list(ticks), list(ticks.values()))
    axes.set_xticks(range(len(backlogs)), [f"{backlog:,}" for backlog in backlogs])
    axes.set_xlabel("bulk messages waiting for the same destination")
    axes.set_ylabel("until an urgent message is delivered")


#: Benchmark -> who draws its rows.
PICTURES: dict[str, Callable[[Sequence[Row]], Figure]] = {
    "isolation": draw, "deadlines": plot_deadlines.draw, "filter": plot_filter.draw,
}  # fmt: skip


def main() -> None:
    """Draw what there is."""
    there = [name for name in PICTURES if (FOLDER / f"{name}.json").exists()]
    if not there:
        raise SystemExit(f"plot: nothing in {FOLDER} yet: run make bench-isolation bench-deadlines bench-filter first")
    with mpl.rc_context(fname=Path(__file__).with_suffix(".mplstyle")):
        for name in there:
            rows = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))["rows"]
            PICTURES[name](rows).savefig(DOCS / f"{name}.svg", metadata={"Date": None, "Creator": None})
    print(f"drew {', '.join(there)}; not measured here: {', '.join(PICTURES.keys() - there) or 'none'}")


if __name__ == "__main__":
    main()
