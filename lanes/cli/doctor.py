"""``lanes doctor``: what is wrong with this site, why it matters, and what mends it.

Exit codes: 0 nothing is wrong, 1 something is, 2 the settings are (as for every command).
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

import click
from rich.console import Console, Group, RenderableType
from rich.text import Text

from lanes.answers import to_json
from lanes.cli import tables
from lanes.cli.examples import examples
from lanes.cli.house import DEFAULT_CONFIG, with_house
from lanes.doctor.examine import Report, examine, gather
from lanes.doctor.finding import Finding
from lanes.house import House
from lanes.message import printable

#: Characters of what a finding says.
_LINE = 900


@click.command(epilog=examples("doctor", "doctor --json"))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_house
def doctor(house: House, as_json: bool) -> None:
    """Look at this site, and say what is wrong, why it matters, and what mends it.

    Exit code 0: nothing is wrong. As root it sees more: what it could not look at, it says.
    """
    with _progress() as looking:
        report = examine(gather(house, house.path or DEFAULT_CONFIG, time.time(), looking))
    click.echo(_as_json(report)) if as_json else tables.console().print(_in_words(report), soft_wrap=True)
    sys.exit(0 if report.well else 1)


def _as_json(report: Report) -> str:
    findings = [finding._asdict() for finding in report.findings]
    unchecked = [one._asdict() for one in report.unchecked]
    return to_json({"well": report.well, "fine": report.fine, "findings": findings, "unchecked": unchecked})


def _in_words(report: Report) -> RenderableType:
    parts: list[RenderableType] = [_finding(finding) for finding in report.findings]
    for why in dict.fromkeys(one.why for one in report.unchecked):
        names = ", ".join(one.check for one in report.unchecked if one.why == why)
        parts.append(Text(f"not looked at ({printable(why)}): {names}", style="dim"))
    wrong = sum(finding.severity == "wrong" for finding in report.findings)
    parts.append(Text(f"{report.fine} checks are well, {wrong or 'nothing'} wrong", style="bold"))
    return Group(*parts)


def _finding(finding: Finding) -> Text:
    style = "red" if finding.severity == "wrong" else "yellow"
    lines = [Text.assemble((finding.severity, style), f"  {printable(finding.what, _LINE)}"),
             Text(f"  why: {printable(finding.why, _LINE)}")]
    if finding.mend:
        lines.append(Text(f"  do:  {printable(finding.mend, _LINE)}", style="bold"))
    if finding.by_hand:
        lines.append(Text(f"  {'and' if finding.mend else 'do'}: {printable(finding.by_hand, _LINE)}"))
    return Text("\n").join([*lines, Text()])


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """What is being looked at, on a terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _part: None
        return
    with console.status("looking") as status:
        yield lambda part: status.update(f"looking at {part}")


COMMANDS = (doctor,)
