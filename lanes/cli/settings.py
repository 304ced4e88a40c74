"""``lanes config``: the settings, as they are by default or as they are in effect."""

from __future__ import annotations

import time

import click

from lanes import config
from lanes.cli.geo import days_old
from lanes.cli.house import with_house
from lanes.house import House


@click.command("config")
@click.option("--defaults", "which", flag_value="defaults", help="Every setting with its default and its meaning.")
@click.option("--effective", "which", flag_value="effective", default=True, help="The settings in effect.")
@with_house
def show(house: House, which: str) -> None:
    """Print the settings as TOML, after checking them."""
    if which == "defaults":
        click.echo(config.defaults_text(), nl=False)
        return
    click.echo(config.render(house.settings), nl=False)
    if (days := days_old(house.settings, time.time())) is not None:
        click.echo(f"roads.geo_database: {days} days old: have geoipupdate fetch it anew", err=True)


COMMANDS = (show,)
