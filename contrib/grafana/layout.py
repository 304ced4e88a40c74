"""Where panels stand: Grafana's grid, 24 columns wide, filled from the top.

Failure: :class:`ValueError` for a line of so many panels that they cannot be equally wide.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count
from textwrap import wrap

from grafana_foundation_sdk.models.dashboard import GridPos, RowPanel
from grafana_foundation_sdk.models.dashboard import Panel as Built

from contrib.grafana.panel import Line, Row

_COLUMNS = 24


def placed(rows: Iterable[Row]) -> Iterator[Built | RowPanel]:
    """Every row's title, and its panels: after it, or in it if it is collapsed. Each has its number and its place."""
    numbers, top = count(1), 0
    for row in rows:
        title = RowPanel(row.collapsed, row.title, id_val=next(numbers), grid_pos=GridPos(h=1, w=_COLUMNS, x=0, y=top))
        panels = list(_panels(row.lines, top + 1, numbers))
        yield title
        if row.collapsed:
            title.panels = panels
            top += 1
        else:
            yield from panels
            top += 1 + sum(line.height for line in row.lines)


def _panels(lines: Iterable[Line], top: int, numbers: Iterator[int]) -> Iterator[Built]:
    for line in lines:
        width, rest = divmod(_COLUMNS, len(line.panels))
        if rest:
            raise ValueError(f"{len(line.panels)} panels cannot be equally wide: {line.panels[0].title!r} and others")
        for index, panel in enumerate(line.panels):
            yield panel.build(next(numbers), GridPos(h=line.height, w=width, x=index * width, y=top))
        top += line.height


def drawn(rows: Iterable[Row]) -> str:
    """The grid as text, as it is with all rows open."""
    return "\n".join("\n".join([f"=== {row.title}", *map(_drawn, row.lines)]) for row in rows)


def _drawn(line: Line) -> str:
    width, height = _COLUMNS * 5 // len(line.panels) - 1, line.height // 2
    edge = "+".join(["", *("-" * width for _ in line.panels), ""])
    titles = [wrap(panel.title, width - 2) for panel in line.panels]
    texts = zip(*([*title, *[""] * height][:height] for title in titles), strict=True)
    inside = ("|".join(["", *(f" {text:{width - 1}}" for text in side), ""]) for side in texts)
    return "\n".join([edge, *inside, edge])
