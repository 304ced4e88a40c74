"""``lanes alerts``: what is wrong now, since when, and what to do about it."""

from __future__ import annotations

import json
import time

import click

from lanes.cli import tables
from lanes.cli.house import House, with_house


@click.command()
@click.option("--all", "all_mtas", is_flag=True, help="Of all MTAs that share this one's Redis.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_house
def alerts(house: House, all_mtas: bool, as_json: bool) -> None:
    """Say what is wrong: the alerts that are firing, the gravest first."""
    now = time.time()
    firing = house.mtas.firing(now) if all_mtas else house.alerts.firing(now)
    if as_json:
        click.echo(json.dumps([tables.alert_as_json(state) for state in firing]))
    else:
        tables.console().print(tables.alerts_in_words(firing, now))


COMMANDS = (alerts,)
