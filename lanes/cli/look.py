"""Commands that look: ``status``, ``ls``, ``show``, ``explain``."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import RenderableType
from rich.live import Live

from lanes import answers
from lanes.answers import lanes, messages
from lanes.answers.domains import domain
from lanes.answers.lanes import Status
from lanes.cli import domains, everywhere, tables
from lanes.cli.classify import read_messages
from lanes.cli.examples import examples
from lanes.cli.house import with_house
from lanes.house import House
from lanes.life import State

_REFRESH = 0.5

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command(epilog=examples("status --watch", "status --all --json"))
@click.option("--watch", is_flag=True, help="Keep the table on the screen; Ctrl-C ends it.")
@click.option("--all", "all_mtas", is_flag=True, help="All MTAs that share this one's Redis, together.")
@as_json
@with_house
def status(house: House, watch: bool, all_mtas: bool, as_json: bool) -> None:
    """Per lane: depth, held, in flight, oldest against SLA, delivered, p95; the window; and what is wrong."""
    look, told = (everywhere.overview, everywhere.as_json) if all_mtas else (_overview, _as_json)
    if as_json:
        click.echo(answers.to_json(told(house)))
    elif watch:
        with Live(auto_refresh=False) as live:
            while True:
                live.update(look(house), refresh=True)
                time.sleep(_REFRESH)
    else:
        tables.console().print(look(house))


def _overview(house: House) -> RenderableType:
    now = time.time()
    return tables.overview(house.settings, house.views, house.alerts.firing(now), now)


def _as_json(house: House) -> Status:
    now = time.time()
    return lanes.status(house.settings, house.views.status(now), house.views.window(now))


@click.command(epilog=examples("ls --lane bulk", "ls --state deferred --limit 200", "ls --domains"))
@click.option("--lane", help="Only this lane.")
@click.option("--state", type=click.Choice([s.value for s in State]), default=State.HELD.value, show_default=True,
              help="Where the messages are; withheld: on hold by hand; kept: by `lanes hold`.")
@click.option("--domains", "by_domain", is_flag=True,
              help="Instead, recipient domains of lanes with batches, and what was learned of them.")
@click.option("--limit", default=50, show_default=True, help="How many of each lane, at most.")
@as_json
@with_house
def ls(house: House, lane: str | None, state: str, by_domain: bool, limit: int, as_json: bool) -> None:
    """List messages of a state, each lane in its own order; or domains."""
    if lane and lane not in house.settings.lanes:
        raise click.UsageError(f"no such lane: {lane} (known: {', '.join(house.settings.lanes)})")
    names = [lane] if lane else list(house.settings.by_rank())
    if by_domain:
        _list_domains(house, names, limit, as_json)
    else:
        _list_messages(house, names, State(state), limit, as_json)


def _list_messages(house: House, names: Sequence[str], state: State, limit: int, as_json: bool) -> None:
    found = [item for name in names for item in house.views.in_state(state, name, limit)]
    if as_json:
        click.echo(answers.to_json([messages.message(id, record, state) for id, record in found]))
    else:
        tables.console().print(tables.messages(found, time.time()))


def _list_domains(house: House, names: Sequence[str], limit: int, as_json: bool) -> None:
    now = time.time()
    rows = house.domains.rows(names, limit, now)
    if as_json:
        click.echo(answers.to_json([domain(row, now) for row in rows]))
    else:
        tables.console().print(domains.table(rows, now))


@click.command(epilog=examples("show 4c0TzW1QJcz9sX"))
@click.argument("id")
@as_json
@with_house
def show(house: House, id: str, as_json: bool) -> None:
    """Show what is known of one message."""
    record = house.store.records([id]).get(id)
    if record is None:
        raise click.ClickException(f"{id} is not known (settled long ago, never seen, or another MTA's)")
    state = house.views.state_of(id)
    if as_json:
        click.echo(answers.to_json(messages.message(id, record, state)))
    else:
        tables.console().print(tables.message(id, record, state, time.time()))


@click.command(epilog=examples("explain 4c0TzW1QJcz9sX", "explain message.eml"))
@click.argument("what", metavar="ID|FILE.eml")
@as_json
@with_house
def explain(house: House, what: str, as_json: bool) -> None:
    """Say why a message got its lane: a queue id, or a file to be classified now."""
    if Path(what).is_file():
        _, decision = next(read_messages(house, [what]))
        lane, deadline, evidence = decision.lane, decision.deadline, decision.evidence
    else:
        record = house.store.records([what]).get(what)
        if record is None:
            raise click.ClickException(f"{what} is neither a file nor a message that is known here")
        lane, deadline, evidence = record.lane, record.deadline, record.evidence
    if as_json:
        click.echo(answers.to_json(messages.decision(lane, deadline, evidence)))
    else:
        tables.console().print(tables.explanation(lane, deadline, evidence, time.time()))


COMMANDS = (status, ls, show, explain)
