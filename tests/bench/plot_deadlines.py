"""The picture of ``bench/deadlines.json``: which part of all mail missed its deadline, against the load, by policy.

A line a policy, with its name at its end. The optimum is a bound, not a policy, and is dashed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

#: Policy -> its colour and what it is called.
POLICIES = {
    "fifo": ("#d1495b", "first come, first served"),
    "strict": ("#8b6bb8", "strict priority"),
    "fair": ("#c9881f", "weighted fair"),
    "lanes": ("#2f8fd0", "mta-lanes"),
    "optimum": ("#7d8590", "least possible"),
}
#: Between two names, as a part of the scale.
_APART = 0.065


def draw(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """The picture of a run; rows are those of its JSON object."""
    figure = Figure(figsize=(7.6, 4.0), layout="constrained")
    axes = figure.subplots()
    lines = {policy: [(row["load"], row["missed"]) for row in rows if row["policy"] == policy] for policy in POLICIES}
    for policy, points in lines.items():
        style = "--" if policy == "optimum" else "-"
        axes.plot(*zip(*points, strict=True), style, color=POLICIES[policy][0], linewidth=2, marker="o", markersize=5)
    top = 1.06 * max(row["missed"] for row in rows)
    axes.set_ylim(0, top)
    _names(axes, {policy: points[-1] for policy, points in lines.items()}, top)
    loads = sorted({row["load"] for row in rows})
    axes.set_xticks(loads, [f"{load:.0%}" for load in loads])
    axes.yaxis.set_major_formatter(lambda part, _: f"{part:.0%}")
    axes.set_xlabel("load: mail that comes in, as a part of what can be delivered")
    axes.set_ylabel("missed their deadline")
    return figure


def _names(axes: Axes, ends: Mapping[str, tuple[float, float]], top: float) -> None:
    """Each at the end of its line, or as far above as leaves them apart."""
    lowest = 0.0
    for policy, (x, y) in sorted(ends.items(), key=lambda end: end[1][1]):
        colour, name = POLICIES[policy]
        place = max(y, lowest)
        axes.annotate(name, (x, place), xytext=(10, 0), textcoords="offset points", va="center", color=colour,
                      annotation_clip=False)
        lowest = place + _APART * top
