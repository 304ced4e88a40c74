"""``lanes setup``: what a mail server needs for the lanes, shown, made, and undone."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import click
from rich.console import Group, RenderableType
from rich.text import Text

from lanes import config
from lanes.answers import to_json
from lanes.cli import tables
from lanes.cli.examples import examples
from lanes.cli.house import DEFAULT_CONFIG, with_house
from lanes.config import Settings
from lanes.house import House
from lanes.mta.port import MtaError
from lanes.setup import backup
from lanes.setup.plan import Change, Kind, Plan, SetupError, Target
from lanes.setup.postfix import MultiTarget, PostfixTarget
from lanes.setup.run import apply as carry_out
from lanes.setup.sendmail import SendmailTarget


@click.group()
def setup() -> None:
    """Set a mail server up for the lanes, and undo it."""


def _examples(server: str) -> str:
    return examples(*(f"setup {server}{option}" for option in ("", " --apply", " --revert")))


def _asked(command: Callable[..., None]) -> Callable[..., None]:
    """What every mail server's command can be told."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print JSON."),
        click.option("--force", is_flag=True, help="With --revert: also if somebody has changed the files since."),
        click.option("--revert", is_flag=True, help="Put everything back as it was before."),
        click.option("--apply", is_flag=True, help="Make the changes; otherwise they are only shown."),
    ):
        command = option(command)
    return command


@setup.command(epilog=_examples("postfix"))
@click.option("--config-directory", type=click.Path(path_type=Path, file_okay=False, resolve_path=True),
              help="Where its main.cf is. Default: mta.config_directory.")
@click.option("--topology", type=click.Choice(["single", "multi"]),
              help="multi: behind this instance, one for each lane. Default: as the settings have it (mta.instances).")
@_asked
@with_house
def postfix(house: House, config_directory: Path | None, topology: str | None, **asked: bool) -> None:
    """Postfix: the filter, a transport for each relay, and the map between them.

    Shows what would be changed, and why; --apply changes it.
    """
    def target(settings: Settings, file: Path) -> Target:
        multi = topology == "multi" or (topology is None and settings.mta.instances)
        return (MultiTarget if multi else PostfixTarget)(settings, file, config_directory)

    _run(house, target, **asked)


@setup.command(epilog=_examples("sendmail"))
@_asked
@with_house
def sendmail(house: House, **asked: bool) -> None:
    """Sendmail: the filter, a log that tells when mail is done with, and the queue group that delivers waves.

    Shows what would be changed in sendmail.mc, and in what is built from it, and why; --apply changes it.
    """
    _run(house, SendmailTarget, **asked)


def _run(house: House, make: Callable[[Settings, Path], Target], *, apply: bool, revert: bool, force: bool,
         as_json: bool) -> None:
    """Show, make or undo what a target needs; for each look it is made anew, with the settings as they are then."""
    if (apply and revert) or (force and not revert):
        raise click.UsageError("--apply or --revert; --force only with --revert")
    file = house.path or DEFAULT_CONFIG

    def target() -> Target:
        return make(config.load(file if file.exists() else house.path), file)

    try:
        _undo(target(), force, as_json) if revert else _set_up(target, apply, as_json)
    except (SetupError, MtaError) as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"{error}{' (run it as root)' if os.geteuid() else ''}") from error


def _set_up(target: Callable[[], Target], apply: bool, as_json: bool) -> None:
    plan = target().plan()
    if apply:
        carry_out(plan.changes, target)
    if as_json:
        changes = [{**change._asdict(), "where": str(change.where)} for change in plan.changes]
        click.echo(to_json({"applied": apply, "changes": changes, "notes": plan.notes, "then": plan.then}))
    else:
        tables.console().print(_in_words(plan, applied=apply), soft_wrap=True)


def _undo(target: Target, force: bool, as_json: bool) -> None:
    target.check_undo()
    undone = backup.undo(target.backups(), force=force)
    if as_json:
        click.echo(to_json(undone._asdict()))
        return
    for path in undone.restored:
        click.echo(f"{path}: as it was")
    for path in undone.left:
        click.echo(f"{path}: was changed since, left as it is")


def _in_words(plan: Plan, *, applied: bool) -> RenderableType:
    """The changes, file by file; then what there is to know, and to do."""
    parts: list[RenderableType] = []
    for where in dict.fromkeys(change.where for change in plan.changes):
        parts.append(Text(str(where), style="bold"))
        parts += [line for change in plan.changes if change.where == where for line in _change(change)]
    if not plan.changes:
        parts.append(Text("nothing to change: all is as it should be"))
    parts += [Text(f"\nnote: {note}", style="yellow") for note in plan.notes]
    if plan.changes:
        parts.append(Text(f"\n{'done' if applied else 'to make these changes, say --apply'}", style="bold"))
        parts += [Text(f"{'now' if applied else 'then'}: {command}") for command in plan.then]
    return Group(*parts)


def _change(change: Change) -> Sequence[Text]:
    removed, added = _lines(change, change.before), _lines(change, change.after)
    differing = (line for line in difflib.ndiff(removed, added) if line[:2] in ("- ", "+ "))
    diff = [Text(f"  {line}", style="red" if line.startswith("-") else "green") for line in differing]
    return [Text(f"  # {change.why}", style="dim"), *diff]


def _lines(change: Change, value: str) -> list[str]:
    """A value as its file has it."""
    if not value:
        return []
    named = change.kind in (Kind.SETTING, Kind.PARAMETER, Kind.OPTION)
    return (f"{change.name} = {value}" if named else value).splitlines()


COMMANDS = (setup,)
