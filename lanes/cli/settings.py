"""``lanes config``: the settings, as they are by default or as they are in effect."""

from __future__ import annotations

import click

from lanes import config
from lanes.cli.house import with_house
from lanes.house import House


@click.command("config")
@click.option("--defaults", "which", flag_value="defaults", help="Every setting with its default and its meaning.")
@click.option("--effective", "which", flag_value="effective", default=True, help="The settings in effect.")
@with_house
def show(house: House, which: str) -> None:
    """Print the settings as TOML, after checking them."""
    click.echo(config.defaults_text() if which == "defaults" else config.render(house.settings), nl=False)


COMMANDS = (show,)
