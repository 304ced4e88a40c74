"""Runs over one trace as a picture: for each lane, the 95th percentile of a quarter of an hour's mail over time.

A line a run, on a logarithmic scale, with the lane's SLA dashed. Plain SVG 1.1, written here: a chart of lines needs
no library. The same runs give the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape

from lanes.config import Settings
from lanes.config.units import format_seconds
from lanes.simulate.tally import SLOT, Tally
from lanes.sla.histogram import percentile

_COLOURS = ("#d1495b", "#2f8fd0", "#2f9e62", "#c9881f", "#7d5ba6", "#4b586b")
_WIDTH, _PANEL, _GAP = 760, 150, 34
_LEFT, _RIGHT, _TOP = 64, 16, 40
#: Marks of the scale of durations, in seconds.
_MARKS = (0.1, 1.0, 10.0, 60.0, 600.0, 3600.0, 6 * 3600.0, 86400.0, 5 * 86400.0)
#: Widths of the scale of time, in hours: the first that gives at most a dozen marks is taken.
_STEPS = (0.25, 0.5, 1, 2, 3, 6, 12, 24, 48, 96, 168)


def draw(runs: Mapping[str, Tally], settings: Settings) -> str:
    """The picture; ``settings`` say which lanes there are, and what was promised."""
    lanes = settings.by_rank()
    seen = (slot for tally in runs.values() for lane in tally.lanes.values() for slot in lane.slots)
    slots, height = 1 + max(seen, default=0), _TOP + len(lanes) * (_PANEL + _GAP) + 14
    look = 'font-family="sans-serif" font-size="11" fill="#17202c"'
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" {look}>',
             f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>', *_legend(list(runs))]
    for place, lane in enumerate(lanes):
        parts += _panel(lane, settings.lanes[lane].sla, runs, slots, _TOP + place * (_PANEL + _GAP))
    return "\n".join([*parts, "</svg>\n"])


def _legend(names: Sequence[str]) -> Iterator[str]:
    x = _LEFT
    for name, colour in zip(names, _cycle(len(names)), strict=True):
        yield f'<rect x="{x}" y="12" width="14" height="4" fill="{colour}"/>'
        yield f'<text x="{x + 19}" y="18">{escape(name)}</text>'
        x += 36 + 6 * len(name)


def _panel(lane: str, sla: float, runs: Mapping[str, Tally], slots: int, top: int) -> Iterator[str]:
    lines = {name: _points(tally, lane) for name, tally in runs.items()}
    seen = [seconds for points in lines.values() for _, seconds in points] + [sla]
    low, high = math.log10(min(seen) / 1.5), math.log10(max(seen) * 1.5)

    def y(seconds: float) -> float:
        return round(top + _PANEL * (high - math.log10(seconds)) / (high - low), 1)

    yield f'<text x="{_LEFT}" y="{top - 6}" font-weight="bold">{escape(lane)}: p95 of delivery time</text>'
    frame = f'x="{_LEFT}" y="{top}" width="{_WIDTH - _LEFT - _RIGHT}" height="{_PANEL}"'
    yield f'<rect {frame} fill="none" stroke="#c5ccd6"/>'
    for mark in _MARKS:
        if low < math.log10(mark) < high:
            yield _grid(y(mark))
            yield f'<text x="{_LEFT - 6}" y="{y(mark) + 4}" text-anchor="end">{format_seconds(mark)}</text>'
    yield from _hours(slots, top)
    yield (f'<path d="M{_LEFT} {y(sla)}H{_WIDTH - _RIGHT}" stroke="#17202c" stroke-dasharray="5 4"/>'
           f'<text x="{_WIDTH - _RIGHT - 4}" y="{y(sla) + 12}" text-anchor="end">SLA {format_seconds(sla)}</text>')
    for points, colour in zip(lines.values(), _cycle(len(lines)), strict=True):
        path = " ".join(f"{_x(slot + 0.5, slots)},{y(seconds)}" for slot, seconds in points)
        yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.6"/>'


def _points(tally: Tally, lane: str) -> list[tuple[int, float]]:
    slots = tally.lanes[lane].slots
    found = ((slot, percentile(slots[slot], 0.95)) for slot in sorted(slots))
    return [(slot, seconds) for slot, seconds in found if seconds is not None]


def _hours(slots: int, top: int) -> Iterator[str]:
    hours = slots * SLOT / 3600
    step = next((step for step in _STEPS if hours / step <= 12), _STEPS[-1])
    for number in range(math.floor(hours / step) + 1):
        x = _x(number * step * 3600 / SLOT, slots)
        yield f'<text x="{x}" y="{top + _PANEL + 13}" text-anchor="middle">{number * step:g} h</text>'


def _grid(y: float) -> str:
    return f'<path d="M{_LEFT} {y}H{_WIDTH - _RIGHT}" stroke="#e6eaef"/>'


def _x(slot: float, slots: int) -> float:
    return round(_LEFT + (_WIDTH - _LEFT - _RIGHT) * slot / slots, 1)


def _cycle(count: int) -> list[str]:
    return [_COLOURS[number % len(_COLOURS)] for number in range(count)]
