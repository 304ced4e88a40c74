"""Commands that change something: each is an order to the worker, says what it did, and with
``--dry-run`` what it would do. Orders are kept in the audit (``lanes audit``).
"""

from __future__ import annotations

import getpass
import json
import os
from collections import Counter
from collections.abc import Callable
from typing import Any

import click

from lanes.cli import tables
from lanes.cli.examples import examples
from lanes.cli.house import with_house
from lanes.house import House
from lanes.jobs.orders import ACTIONS
from lanes.jobs.outcome import outcome
from lanes.jobs.queues import enqueue_order, mta_queue
from lanes.store.orders import Orders, Selection

#: Seconds to wait for the worker's word.
_PATIENCE = 10.0

Command = Callable[..., Any]


def _about_messages(command: Command) -> Command:
    """The options by which messages are chosen."""
    for option in (
        click.option("--sender", default="", help="All of this envelope sender."),
        click.option("--domain", default="", help="All for this recipient domain."),
        click.option("--lane", default="", help="All of this lane."),
        click.argument("ids", nargs=-1, metavar="[ID]..."),
    ):
        command = option(command)
    return command


def _order(command: Command) -> Command:
    """What every order takes."""
    for option in (
        click.option("--dry-run", is_flag=True, help="Only say what would be done."),
        click.option("--why", default="", help="Kept with the order, and with each message."),
    ):
        command = option(command)
    return with_house(command)


@click.command(epilog=examples(
    "release 4c0TzW1QJcz9sX",
    "release --domain example.com --why 'their server is back'",
    "release --lane bulk --dry-run",
))
@_about_messages
@_order
def release(house: House, why: str, dry_run: bool, **chosen: Any) -> None:
    """Release messages that we hold, now. What we do not hold is left alone."""
    _carry_out(house, "release", Selection(**chosen), why, dry_run)


@click.command(epilog=examples(
    "hold 4c0TzW1QJcz9sX --why 'asked for by its sender'",
    "hold --sender news@example.net --dry-run",
))
@_about_messages
@_order
def hold(house: House, why: str, dry_run: bool, **chosen: Any) -> None:
    """Put messages on hold until `lanes release`, whatever their deadline."""
    _carry_out(house, "hold", Selection(**chosen), why, dry_run)


@click.command(epilog=examples("promote 4c0TzW1QJcz9sX", "promote --sender helpdesk@example.com --why 'outage'"))
@_about_messages
@_order
def promote(house: House, why: str, dry_run: bool, **chosen: Any) -> None:
    """Move messages one lane up; held mail with a relay takes the default road."""
    _carry_out(house, "promote", Selection(**chosen), why, dry_run)


@click.command(epilog=examples("demote --lane priority --sender reports@example.com"))
@_about_messages
@_order
def demote(house: House, why: str, dry_run: bool, **chosen: Any) -> None:
    """Move messages one lane down."""
    _carry_out(house, "demote", Selection(**chosen), why, dry_run)


@click.command(epilog=examples("pause bulk --why 'maintenance until 14:00'", "pause --domain example.com"))
@click.argument("lane", default="")
@click.option("--domain", default="", help="A recipient domain, in every lane.")
@_order
def pause(house: House, why: str, dry_run: bool, lane: str, domain: str) -> None:
    """Hold all new mail of a lane or a domain, and let none of it go, until `lanes resume`."""
    _carry_out(house, "pause", Selection(lane=lane, domain=domain), why, dry_run)


@click.command(epilog=examples("resume bulk", "resume --domain example.com"))
@click.argument("lane", default="")
@click.option("--domain", default="", help="A recipient domain, in every lane.")
@_order
def resume(house: House, why: str, dry_run: bool, lane: str, domain: str) -> None:
    """Let a paused lane or domain go again."""
    _carry_out(house, "resume", Selection(lane=lane, domain=domain), why, dry_run)


@click.command(epilog=examples("audit --limit 100"))
@click.option("--limit", default=20, show_default=True, help="How many, at most: the last.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_house
def audit(house: House, limit: int, as_json: bool) -> None:
    """The last orders: who, what, why, and about how many messages."""
    orders = Orders(house.store, house.settings).audit(limit)
    click.echo(json.dumps(orders)) if as_json else tables.console().print(tables.audit(orders))


def _carry_out(house: House, action: str, selection: Selection, why: str, dry_run: bool) -> None:
    if not any(selection):
        raise click.UsageError("name ids, a lane, a domain or a sender")
    if selection.lane and selection.lane not in house.settings.lanes:
        raise click.UsageError(f"no such lane: {selection.lane} (known: {', '.join(house.settings.lanes)})")
    _leave_alone(house, action, selection)
    click.echo(_would(house, action, selection) if dry_run else _ordered(house, action, selection, why))


def _leave_alone(house: House, action: str, selection: Selection) -> None:
    """Say of which of the named messages nothing will become, and why."""
    for id in dict.fromkeys(selection.ids):
        state = house.views.state_of(id)
        if state not in ACTIONS[action]:
            click.echo(f"{id}: {state or 'not known'}, left alone", err=True)


def _would(house: House, action: str, selection: Selection) -> str:
    found = Orders(house.store, house.settings).find(selection, ACTIONS[action])
    lanes = Counter(one.record.lane for one in found)
    spread = ", ".join(f"{count} of lane {lane}" for lane, count in lanes.items())
    return f"would {action} {spread or _scope(selection, action)}"


def _ordered(house: House, action: str, selection: Selection, why: str) -> str:
    job = enqueue_order(mta_queue(house.store.client, house.settings), action, _who(), why, selection)
    status, count = outcome(job, _PATIENCE)
    if status == "failed":
        raise click.ClickException(f"the worker could not do it; its log says why (job {job.id})")
    if status == "ordered":
        raise click.ClickException("ordered, but no worker has answered yet (is `lanes worker` running?)")
    return f"{action}: {f'{count} messages' if count else _scope(selection, action)}"


def _scope(selection: Selection, action: str) -> str:
    if action in ("pause", "resume"):
        return f"domain {selection.domain}" if selection.domain else f"lane {selection.lane}"
    return "nothing"


def _who() -> str:
    """Who gives the order: the person behind sudo(8), if there is one."""
    return os.environ.get("SUDO_USER") or getpass.getuser()


COMMANDS = (release, hold, promote, demote, pause, resume, audit)
