"""docs/commands.md says what the commands say of themselves, and they say it of all that they take."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from lanes.cli.examples import examples_in
from lanes.cli.reference import commands

DOCS = Path(__file__).parents[2] / "docs"
COMMANDS = dict(commands())
EXAMPLES = [(path, line) for path, command in COMMANDS.items() for line in examples_in(command.epilog)]


def test_the_reference_is_what_the_commands_say() -> None:
    printed = subprocess.run([sys.executable, "-m", "lanes.cli"], check=True, capture_output=True, text=True).stdout
    assert (DOCS / "commands.md").read_text("utf-8") == printed, "run: make docs"


@pytest.mark.parametrize("path", COMMANDS)
def test_a_command_says_what_it_does_and_what_each_option_is_for(path: str) -> None:
    command = COMMANDS[path]
    assert command.help
    assert [option.name for option in command.params if isinstance(option, click.Option) and not option.help] == []


@pytest.mark.parametrize("path", COMMANDS)
def test_a_command_that_wants_something_has_an_example(path: str) -> None:
    command = COMMANDS[path]
    wanted = [one for one in command.params if isinstance(one, click.Argument)]
    assert not wanted or examples_in(command.epilog)


@pytest.mark.parametrize(("path", "line"), EXAMPLES)
def test_an_example_can_be_given_so(path: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given the files that the example speaks of
    monkeypatch.chdir(tmp_path)
    for name in ("message.eml", "new.toml"):
        (tmp_path / name).touch()
    called, _, arguments = line.partition(path)
    words = shlex.split(arguments.partition(" < ")[0].replace("/var/mail/archive", "."))
    # When click reads it, Then it finds nothing wrong with it
    assert not called
    assert COMMANDS[path].make_context(path, words).params
