"""A group whose commands are read when they are asked for: all of them take half a second, one of them much less.

Contract: a table says which module under ``lanes.cli`` has which commands, in its ``COMMANDS``. Only a list of all
commands with their help reads all modules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import click


class LazyGroup(click.Group):
    """``modules`` names the commands of each module."""

    def __init__(self, *arguments: Any, modules: Mapping[str, Sequence[str]], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._homes = {command: module for module, commands in modules.items() for command in commands}

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Every command's name, in alphabetical order."""
        return sorted(self._homes)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """The command of that name, or None."""
        if cmd_name not in self._homes:
            return None
        module = import_module(f"lanes.cli.{self._homes[cmd_name]}")
        found: dict[str, click.Command] = {command.name: command for command in module.COMMANDS}
        return found[cmd_name]
