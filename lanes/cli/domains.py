"""``lanes ls --domains``: recipient domains of lanes with batches, and what was learned of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from rich.table import Table

from lanes.cli.tables import grid, short
from lanes.message import printable
from lanes.schedule.hours import good
from lanes.store.domains import Row


def table(found: Iterable[Row], now: float) -> Table:
    """One row a domain."""
    numbers = ("held", "in flight", "oldest", "batch", "streams", "deferred")
    grown = grid("", "lane", "domain", *numbers, "state", "good hours (UTC)", right=numbers)
    for row in found:
        health = row.known.health
        grown.add_row(
            row.lane, printable(row.seen.name), str(row.seen.held), str(row.seen.inflight),
            short(now - row.seen.oldest) if row.seen.oldest else "–", str(int(health.size)), str(int(health.streams)),
            f"{100 * health.deferral_rate:.0f} %", _state(row, now), _ranges(good(row.known.hours)),
        )  # fmt: skip
    return grown


def _state(row: Row, now: float) -> str:
    health = row.known.health
    if row.paused:
        return "paused"
    if now < health.closed_until:
        return f"backs off for {short(health.closed_until - now)}"
    return "is probed with one message" if health.failures else "open"


def _ranges(hours: Sequence[int]) -> str:
    """The first and last of each run of hours; ``any`` for all hours of the day."""
    if len(hours) == 24:
        return "any"
    runs = [[hour for _, hour in run] for _, run in groupby(enumerate(hours), key=lambda one: one[1] - one[0])]
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
