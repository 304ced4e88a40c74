"""``lanes sla``: how well each lane kept its word, from the history."""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Sequence

import click
from rich.console import Group, RenderableType

from lanes.answers import to_json
from lanes.answers.sla import Sla
from lanes.answers.sla import sla as answer
from lanes.cli import tables
from lanes.cli.examples import examples
from lanes.cli.house import with_house
from lanes.cli.span import Span
from lanes.config import Settings
from lanes.config.units import format_seconds
from lanes.house import House
from lanes.sla.period import Measure
from lanes.sla.report import QUANTILES, Report
from lanes.timestamps import rfc3339


@click.command(epilog=examples("sla --since 30d", "sla --lane priority --since 1d --csv"))
@click.option("--since", type=Span(), default="7d", show_default=True, help="How far to look back.")
@click.option("--lane", help="Only this lane.")
@click.option("--json", "form", flag_value="json", help="Print JSON.")
@click.option("--csv", "form", flag_value="csv", help="Print CSV, a row a lane.")
@with_house
def sla(house: House, since: float, lane: str | None, form: str | None) -> None:
    """Say how well each lane kept its word: compliance, percentiles, worst minutes, error budget left.

    Finished minutes count, as the manager has written them into the history.
    """
    settings = house.settings
    if lane and lane not in settings.lanes:
        raise click.UsageError(f"no such lane: {lane} (known: {', '.join(settings.lanes)})")
    reports = _reports(settings, [lane] if lane else settings.by_rank(), since)
    if form == "json":
        click.echo(to_json([answer(one) for one in reports]))
    elif form == "csv":
        _print_csv([answer(one) for one in reports])
    else:
        tables.console().print(_in_words(reports, since, settings))


def _reports(settings: Settings, lanes: Sequence[str], since: float) -> list[Report]:
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - SQL costs other commands a third of a second

    from lanes.history.reports import reports  # noqa: PLC0415

    now = time.time()
    try:
        return reports(settings, lanes, now - since, now)
    except SQLAlchemyError as error:
        why = str(error).splitlines()[0]
        raise click.ClickException(f"the history cannot be read: {why} (has the manager written any yet?)") from error


def _in_words(reports: Sequence[Report], since: float, settings: Settings) -> RenderableType:
    title = f"the last {format_seconds(since)}; error budgets are for {format_seconds(settings.sla.period)}"
    numbers = ("messages", "in time", "objective", "budget left", "p50", "p95", "p99", "SLA", "held p95", "MTA p95",
               "late p95")
    table = tables.grid(title, "lane", *numbers, right=numbers)
    for one in reports:
        quantiles = [one.quantiles[Measure.QUEUE][q] for q in QUANTILES]
        others = [one.quantiles[measure][0.95] for measure in (Measure.HELD, Measure.MTA, Measure.LATENESS)]
        table.add_row(
            one.lane, str(one.outcomes.delivered), _percent(one.outcomes.compliance), _percent(one.objective),
            _percent(one.budget_left), *map(_short, quantiles), format_seconds(one.sla), *map(_short, others),
        )  # fmt: skip
    return Group(table, *([_worst(reports)] if any(one.worst for one in reports) else []))


def _worst(reports: Sequence[Report]) -> RenderableType:
    numbers = ("over", "messages", "missed", "p95")
    table = tables.grid("where most deadlines were missed", "lane", "from", *numbers, right=numbers)
    for one in reports:
        for stretch in one.worst:
            period = stretch.period
            table.add_row(one.lane, rfc3339(stretch.at), format_seconds(stretch.seconds), str(period.messages),
                          str(period.missed), _short(period.percentile(Measure.QUEUE, 0.95)))
    return table


def _percent(part: float | None) -> str:
    return "–" if part is None else f"{100 * part:.4g} %"


def _short(seconds: float | None) -> str:
    return "–" if seconds is None else tables.short(seconds)


def _print_csv(rows: Sequence[Sla]) -> None:
    fields = [name for name in Sla.__struct_fields__ if name != "worst"]
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(fields)
    writer.writerows([getattr(row, name) for name in fields] for row in rows)


COMMANDS = (sla,)
