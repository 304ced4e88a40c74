"""``lanes relays``: how each relay does, and which one would be chosen now, and why."""

from __future__ import annotations

import time

import click
from rich.console import Group, RenderableType
from rich.text import Text

from lanes.answers import relays as answers
from lanes.answers import to_json
from lanes.cli import tables
from lanes.cli.house import with_house
from lanes.house import House
from lanes.message import printable

_STYLES = {"closed": "green", "half-open": "yellow", "open": "red"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_house
def relays(house: House, as_json: bool) -> None:
    """Say how the relays are: price, latency, success, what is on its way, and what would be chosen now."""
    now = time.time()
    told = answers.relays(house.settings, house.relays.conditions(now), now)
    if as_json:
        click.echo(to_json(told))
    else:
        tables.console().print(_in_words(told) if told.relays else "no relays: all mail takes the MTA's own routing")


def _in_words(told: answers.Relays) -> RenderableType:
    numbers = ("price", "latency", "p95", "success", "depth")
    table = tables.grid("relays", "relay", *numbers, "region", "breaker", "last error", right=numbers)
    for one in told.relays:
        table.add_row(
            one.relay, f"{one.cost:g} {one.currency}", _short(one.latency_seconds), _short(one.p95_seconds),
            f"{100 * one.success:.1f} %", str(one.depth), one.region or "–",
            Text(_breaker(one), style=_STYLES[one.breaker]), _error(one),
        )  # fmt: skip
    return Group(table, _choices(told))


def _choices(told: answers.Relays) -> RenderableType:
    table = tables.grid("what would be chosen now", "preference", "candidates", "chosen")
    for one in told.choices:
        table.add_row(one.preference, printable(one.saw), printable(one.says))
    return table


def _breaker(one: answers.Relay) -> str:
    return f"{one.breaker} since {one.down_since}" if one.down_since else one.breaker


def _error(one: answers.Relay) -> str:
    return f"{one.error_at}: {printable(one.error)}" if one.error else "–"


def _short(seconds: float | None) -> str:
    return "–" if seconds is None else tables.short(seconds)


COMMANDS = (relays,)
