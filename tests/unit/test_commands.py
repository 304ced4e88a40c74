"""The ``lanes`` command finds what it is asked for without reading the rest."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pkgutil import iter_modules

import click
import pytest

import lanes.cli
from lanes.cli import cli

CONTEXT = click.Context(cli)
NAMES = [module.name for module in iter_modules(lanes.cli.__path__) if module.name != "__main__"]
MODULES = [import_module(f"lanes.cli.{name}") for name in NAMES]
COMMANDS = [command for module in MODULES for command in getattr(module, "COMMANDS", ())]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: str(command.name))
def test_every_command_of_a_module_can_be_called(command: click.Command) -> None:
    assert cli.get_command(CONTEXT, str(command.name)) is command


def test_nothing_is_listed_that_is_not_there() -> None:
    assert cli.list_commands(CONTEXT) == sorted(str(command.name) for command in COMMANDS)


def test_what_is_no_command_is_said_to_be_none() -> None:
    done = subprocess.run([sys.executable, "-m", "lanes", "stauts"], capture_output=True, text=True, check=False)
    assert (done.returncode, "No such command 'stauts'" in done.stderr) == (2, True)


def test_a_command_does_not_read_what_others_need() -> None:
    code = "import sys, lanes.cli as c; c.cli(['token', '-h'], standalone_mode=False); print({'rq'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("set()\n")
