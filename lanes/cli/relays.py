"""``lanes relays``: how each relay does, and which one would be chosen now, and why."""

from __future__ import annotations

import time
from collections.abc import Mapping

import click
from rich.console import Group, RenderableType
from rich.text import Text

from lanes.answers import relays as answers
from lanes.answers import to_json
from lanes.cli import tables
from lanes.cli.examples import examples
from lanes.cli.house import with_house
from lanes.house import House
from lanes.message import printable
from lanes.routes.health import Health

#: Characters of an error; `--json` has all of it.
_CHARS = 40
_STYLES = {"closed": "green", "half-open": "yellow", "open": "red"}


@click.command(epilog=examples("relays"))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_house
def relays(house: House, as_json: bool) -> None:
    """Say how the relays are: price, latency, success, what is on its way, and what would be chosen now."""
    now = time.time()
    conditions = house.relays.conditions(now)
    told = answers.relays(house.settings, conditions, now)
    if as_json:
        click.echo(to_json(told))
    elif told.relays:
        tables.console().print(_in_words(told, {name: one.health for name, one in conditions.items()}, now))
    else:
        click.echo("no relays: all mail takes the MTA's own routing (`lanes config --defaults` shows how to have some)")


def _in_words(told: answers.Relays, health: Mapping[str, Health], now: float) -> RenderableType:
    numbers = ("price", "latency", "p95", "success", "depth")
    table = tables.grid("relays", "relay", *numbers, "region", "breaker", "last error", right=numbers)
    for one in told.relays:
        table.add_row(
            one.relay, f"{one.cost:g} {one.currency}", _short(one.latency_seconds), _short(one.p95_seconds),
            f"{100 * one.success:.1f} %", str(one.depth), one.region or "–",
            Text(_breaker(one.breaker, health[one.relay], now), style=_STYLES[one.breaker]),
            _error(health[one.relay], now),
        )  # fmt: skip
    return Group(table, _choices(told))


def _choices(told: answers.Relays) -> RenderableType:
    table = tables.grid("what would be chosen now", "preference", "candidates", "chosen")
    for one in told.choices:
        table.add_row(one.preference, printable(one.saw), printable(one.says))
    return table


def _breaker(breaker: str, health: Health, now: float) -> str:
    return f"{breaker} for {tables.short(max(now - health.down_since, 0.0))}" if health.down_since else breaker


def _error(health: Health, now: float) -> str:
    """The last one, and how long ago it was."""
    ago = tables.short(max(now - health.error_at, 0.0))
    return f"{ago} ago: {printable(health.error, _CHARS)}" if health.error else "–"


def _short(seconds: float | None) -> str:
    return "–" if seconds is None else tables.short(seconds)


COMMANDS = (relays,)
