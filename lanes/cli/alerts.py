"""``lanes alerts``: what is wrong now, since when, and what to do about it; and who is told of it."""

from __future__ import annotations

import time
from uuid import uuid4

import click

from lanes.answers import alerts as answers
from lanes.answers import to_json
from lanes.cli import tables
from lanes.cli.examples import examples
from lanes.cli.house import with_house
from lanes.config.errors import nearest
from lanes.house import House
from lanes.jobs.notices import enqueue_trial, notify_queue
from lanes.jobs.outcome import outcome
from lanes.sla.notices import trial
from lanes.store.sinks import Sinks

#: Seconds that a notifier is waited for, beyond the time that the sink itself may take.
_PATIENCE = 10.0


@click.group(invoke_without_command=True, epilog=examples("alerts", "alerts --all", "alerts --json"))
@click.option("--all", "all_mtas", is_flag=True, help="Of all MTAs that share this one's Redis.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_house
def alerts(house: House, all_mtas: bool, as_json: bool) -> None:
    """Say what is wrong: the alerts that are firing, the gravest first."""
    if click.get_current_context().invoked_subcommand:
        return
    now = time.time()
    firing = house.mtas.firing(now) if all_mtas else house.alerts.firing(now)
    if as_json:
        click.echo(to_json([answers.alert(state) for state in firing]))
    else:
        tables.console().print(tables.alerts_in_words(firing, now))


@alerts.command(epilog=examples("alerts sinks"))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_house
def sinks(house: House, as_json: bool) -> None:
    """Say who is told of alerts, and whether that works."""
    terms, now = house.settings.alerts.sinks, time.time()
    records = Sinks(house.store.client, house.settings.mta.name).records(terms)
    if as_json:
        click.echo(to_json({name: answers.sink(terms[name], record) for name, record in records.items()}))
    else:
        tables.console().print(tables.sinks(terms, records, now))


@alerts.command(epilog=examples("alerts test oncall"))
@click.argument("sink")
@with_house
def test(house: House, sink: str) -> None:
    """Tell a sink that this is a test, the way it is told of alerts, and say what came of it."""
    known = house.settings.alerts.sinks
    if sink not in known:
        raise click.UsageError(f"no such sink: {sink}; {nearest(sink, known)}")
    notice = trial(uuid4().hex, house.settings.mta.name, time.time())
    job = enqueue_trial(notify_queue(house.store.client), house.settings, sink, notice)
    status, said = outcome(job, known[sink].timeout + _PATIENCE)
    if status == "failed":
        raise click.ClickException("the notifier could not do it; its log says why (has it the same settings?)")
    if status == "ordered":
        raise click.ClickException("no notifier has answered (is `lanes notifier` running?)")
    _say(sink, str(said))


def _say(sink: str, said: str) -> None:
    if not said.startswith("told"):
        raise click.ClickException(f"{sink}: {said}")
    click.echo(f"{sink}: {said}")


COMMANDS = (alerts,)
