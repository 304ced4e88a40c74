"""``--all``: all MTAs that share this one's Redis, seen together."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from lanes.answers.lanes import lane
from lanes.cli import tables
from lanes.house import House
from lanes.message import printable
from lanes.sla.rules import ProgramSeen
from lanes.store.leader import who_leads


def overview(house: House) -> RenderableType:
    """The lanes of all of them, whose programs were heard of when, and what is wrong anywhere."""
    now = time.time()
    firing = house.mtas.firing(now)
    return Group(
        tables.lanes(house.settings, house.mtas.status(now)),
        _mtas(house.mtas.programs(now), who_leads(house.store.client), house.settings.alerts.silent_after),
        *([tables.alerts(firing, now)] if firing else []),
    )


def as_json(house: House) -> dict[str, Any]:
    """The same for programs; how many seconds ago each program was heard of, null if it never was."""
    now = time.time()
    silences = {name: {f"{one.program}_seconds": _seconds(one) for one in seen}
                for name, seen in house.mtas.programs(now).items()}
    return {
        "leader": who_leads(house.store.client),
        "mtas": [{"mta": name, **seconds} for name, seconds in silences.items()],
        "lanes": [lane(status, house.settings.lanes[status.lane]) for status in house.mtas.status(now)],
    }


def _mtas(programs: Mapping[str, Sequence[ProgramSeen]], leader: str, silent_after: float) -> Table:
    """One row an MTA: how long ago its programs were heard of, and which one's manager leads."""
    names = list(dict.fromkeys(one.program for seen in programs.values() for one in seen))
    table = tables.grid("MTAs, and how long ago they were heard of", "mta", *names, "", right=names)
    for name, seen in programs.items():
        table.add_row(printable(name), *(_ago(one, silent_after) for one in seen), "leads" if name == leader else "")
    return table


def _ago(one: ProgramSeen, silent_after: float) -> Text:
    seconds = _seconds(one)
    late = seconds is None or seconds >= silent_after
    return Text("never" if seconds is None else tables.short(seconds), style="red" if late else "")


def _seconds(one: ProgramSeen) -> float | None:
    """How long ago a program was heard of; it may have been after we looked at the clock."""
    return None if one.heard is None else max(round(one.silence, 3), 0.0)
