"""Commands that put right what went wrong: ``reconcile`` and ``failsafe``, on the MTA's host and as root."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

import click
import msgspec
from rich.console import Console
from rich.progress import Progress as Bar

from lanes.cli.examples import examples
from lanes.cli.house import with_house
from lanes.house import House
from lanes.log import configure
from lanes.mta import choose
from lanes.readiness import ready
from lanes.services.alive import Beat
from lanes.services.failsafe import FAILSAFE, Failsafe
from lanes.services.loop import repeat, stop_on_signals
from lanes.services.reconcile import Progress, Reconcile, Report


@click.command(epilog=examples("reconcile --dry-run", "reconcile"))
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_house
def reconcile(house: House, dry_run: bool, as_json: bool) -> None:
    """Bring Redis in line with the MTA's spool, now. Needs the right to read the spool.

    The manager has the worker do so from time to time, and whenever Redis lost what it had.
    """
    settings = house.settings
    configure(settings, "reconcile")
    run = Reconcile(house.store, choose.control(settings), settings, time.time, time.sleep)
    with _progress() as progress:
        report = run(progress, dry_run=dry_run)
    click.echo(msgspec.json.encode(report).decode() if as_json else _in_words(report))


@click.command(epilog=examples("failsafe --dry-run", "failsafe --once"))
@click.option("--once", is_flag=True, help="One look, and the waves that follow from it; for a timer.")
@click.option("--dry-run", is_flag=True, help="Only say what would be released.")
@with_house
def failsafe(house: House, once: bool, dry_run: bool) -> None:
    """Let held mail go when the manager or the worker is silent. Needs no Redis, and the right to run postsuper."""
    settings = house.settings
    configure(settings, "failsafe")
    since = 0.0 if once or dry_run else time.time()
    beat = Beat(settings, FAILSAFE)
    service = Failsafe(settings, choose.front(settings), time.time, time.sleep, since)
    if dry_run:
        click.echo(f"silent: {', '.join(service.silent()) or 'nobody'}; on our hold: {len(service.held())}")
    elif once:
        beat(time.time())
        service.turn()
    else:
        def step() -> float:
            beat(time.time())
            return service.step()

        stop = stop_on_signals()
        ready()
        repeat(step, stop, "failsafe")


def _in_words(report: Report) -> str:
    done = {
        **{f"taken in as {state}": count for state, count in report.adopted.items()},
        **{f"moved ({transition})": count for transition, count in report.moved.items()},
        "ended": report.ended - report.left,
        "gone, and still to be read about in the log": report.left,
        "claims returned": report.claims,
        "no messages, and forgotten": report.strays,
    }
    told = "; ".join(f"{what}: {count}" for what, count in done.items() if count)
    return f"in the spool: {report.spool}; known: {report.known}; {told or 'nothing to do'}"


@contextlib.contextmanager
def _progress() -> Iterator[Progress]:
    """A bar on the terminal; nothing without one."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _done, _all: None
        return
    with Bar(console=console, transient=True) as bar:
        task = bar.add_task("taking in", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


COMMANDS = (reconcile, failsafe)
