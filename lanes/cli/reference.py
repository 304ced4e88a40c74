"""The reference of all commands for people, written from the commands themselves: ``docs/commands.md``."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from lanes.cli import EXIT_CODES, cli
from lanes.cli.examples import examples_in

_INTRODUCTION = """\
# Commands

This page is written from the commands themselves, and says what their `--help` says: `python -m lanes.cli >
docs/commands.md`.

`lanes` reads its settings from `/etc/mta-lanes/lanes.toml` if that is there; `lanes --config FILE COMMAND`, or the
variable `LANES_CONFIG`, names another file. What only looks can be run by anybody who may read that file and reach
Redis. What touches the spool itself (`worker`, `failsafe`, `reconcile`, `setup`) needs root; what is ordered
(`release`, `pause` and their kin) is done by the worker. `--json` prints for programs what the [API](api.md) answers.
"""


def commands(command: click.Command = cli, path: str = "lanes") -> Iterator[tuple[str, click.Command]]:
    """Every command that can be run, by what it is called, in alphabetical order."""
    if not isinstance(command, click.Group) or command.invoke_without_command:
        yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in sorted(command.list_commands(context)):
            if found := command.get_command(context, name):
                yield from commands(found, f"{path} {name}")


def reference() -> str:
    """The whole page."""
    every = dict(commands())
    return "\n".join([
        _INTRODUCTION,
        "## Exit codes",
        "",
        *_table("exit code", "meaning", ((f"`{code}`", meaning) for code, meaning in EXIT_CODES.items())),
        "## All commands",
        "",
        *_table("command", "what it does", ((_link(path), _summary(one)) for path, one in every.items())),
        *(_section(path, one) for path, one in every.items()),
    ])


def _link(path: str) -> str:
    return f"[{path}](#{path.replace(' ', '-')})"


def _summary(command: click.Command) -> str:
    """The first sentence."""
    return " ".join(_help(command).split("\n\n")[0].split())


def _help(command: click.Command) -> str:
    return inspect.cleandoc(command.help or "")


def _section(path: str, command: click.Command) -> str:
    context = click.Context(command, info_name=path)
    usage = " ".join([path, *command.collect_usage_pieces(context)])
    options = (one for one in command.params if isinstance(one, click.Option))
    records = [record for one in options if (record := one.get_help_record(context))]
    shown = examples_in(command.epilog) or [path]
    table = _table("option", "meaning", ((f"`{name}`", text) for name, text in records)) if records else ()
    examples = ["Examples:" if len(shown) > 1 else "Example:", "", *(f"    {line}" for line in shown), ""]
    return "\n".join([f"## {path}", "", f"    {usage}", "", _help(command), "", *table, *examples])


def _table(left: str, right: str, rows: Iterator[tuple[str, str]]) -> Iterator[str]:
    yield from (f"| {left} | {right} |", "|---|---|")
    for one, other in rows:
        yield f"| {_cell(one)} | {_cell(other)} |"
    yield ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")
