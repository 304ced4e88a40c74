"""The picture of ``bench/filter.json``: how many messages a second come through, by filter, under each load.

A group of bars a load, a bar a filter: the median, with a whisker from the slowest run to the fastest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

#: Side -> its colour and what it is called.
FILTERS = {
    "none": ("#7d8590", "no filter"),
    "noop": ("#8b6bb8", "does nothing"),
    "tags": ("#4f9d69", "tags all alike"),
    "opendkim": ("#c9881f", "opendkim"),
    "lanes": ("#2f8fd0", "mta-lanes"),
}
#: Width of a bar, in groups, and of what is between two.
_BAR, _GAP = 0.165, 0.015

Row = Mapping[str, Any]


def draw(rows: Sequence[Row]) -> Figure:
    """The picture of a run; rows are those of its JSON object."""
    figure = Figure(figsize=(7.6, 4.0), layout="constrained")
    axes = figure.subplots()
    loads = list(dict.fromkeys(row["load"] for row in rows))
    for place, (side, (colour, name)) in enumerate(FILTERS.items()):
        shift = (place - (len(FILTERS) - 1) / 2) * (_BAR + _GAP)
        own = {loads.index(row["load"]) + shift: row for row in rows if row["filter"] == side}
        axes.bar([*own], [row["per_s"] for row in own.values()], _BAR, color=colour, label=name)
        for x, row in own.items():
            _spread(axes, x, row)
    axes.set_xticks(range(len(loads)), loads)
    axes.grid(visible=False, axis="x")
    axes.set_ylabel("messages a second, accepted and delivered")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=len(FILTERS), columnspacing=1.6, handlelength=0.8,
                handletextpad=0.5)
    return figure


def _spread(axes: Axes, x: float, row: Row) -> None:
    """From the slowest run to the fastest, and the number in the bar's foot."""
    axes.plot([x, x], [row["slowest"], row["fastest"]], color="#7d8590", linewidth=1)
    axes.annotate(f"{row['per_s']:.0f}", (x, 0), xytext=(0, 5), textcoords="offset points", ha="center",
                  va="bottom", fontsize=7.5, color="white")
