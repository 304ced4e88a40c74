"""``lanes cost``: what was spent, and what was saved against sending all of it by the dearest relay."""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Mapping

import click
from rich.console import Group, RenderableType

from lanes.answers import costs as answers
from lanes.answers import to_json
from lanes.cli import tables
from lanes.cli.examples import examples
from lanes.cli.house import with_house
from lanes.cli.span import Span
from lanes.config.units import format_seconds
from lanes.house import House
from lanes.message import printable
from lanes.routes.cost import DAY, Spent, micro, money, summed
from lanes.store.costs import kept_days

#: Senders that are shown, those that spent most.
_SENDERS = 50


@click.command(epilog=examples("cost --since 30d --by lane", "cost --by sender --csv"))
@click.option("--since", type=Span(), default="7d", show_default=True, help="How far to look back, in days of UTC.")
@click.option("--by", type=click.Choice(["lane", "relay", "sender"]), default="relay", show_default=True,
              help="What is added up: the mail of each lane, relay or sender.")
@click.option("--json", "form", flag_value="json", help="Print JSON.")
@click.option("--csv", "form", flag_value="csv", help="Print CSV, a row a lane, relay or sender.")
@with_house
def cost(house: House, since: float, by: str, form: str | None) -> None:
    """Say what was spent, by which relay, lane or sender, and what was saved against the dearest relay.

    A message is paid for when it was delivered, to the relay that delivered it. Senders are known for five weeks.
    """
    now = time.time()
    first = int((now - since) // DAY)
    days = _days(house, first, now)
    rows: Mapping[str, Spent | int] = summed(days, by) if by != "sender" else _senders(house, first, now)
    told = answers.costs(house.settings, first, by, rows, _total(days), house.costs.budgets(now))
    if form == "json":
        click.echo(to_json(told))
    elif form == "csv":
        _print_csv(told)
    else:
        tables.console().print(_in_words(told, since))


def _days(house: House, first: int, now: float) -> dict[int, dict[tuple[str, str], Spent]]:
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - SQL costs other commands a third of a second

    from lanes.services.bookkeeper import on_record, together  # noqa: PLC0415

    kept = kept_days(now)
    redis = house.costs.days(range(max(first, kept.start), kept.stop))
    try:
        return together(redis, on_record(house.settings, first, kept.stop))
    except SQLAlchemyError as error:
        if first < kept.start:
            why = str(error).splitlines()[0]
            click.echo(f"lanes: older days are not shown, the history cannot be read: {why}", err=True)
        return redis


def _senders(house: House, first: int, now: float) -> dict[str, int]:
    kept = kept_days(now)
    return dict(house.costs.senders(range(max(first, kept.start), kept.stop)).most_common(_SENDERS))


def _total(days: Mapping[int, Mapping[tuple[str, str], Spent]]) -> Spent:
    total = Spent()
    for spent in summed(days, "lane").values():
        total = total.plus(spent)
    return total


def _in_words(told: answers.Costs, since: float) -> RenderableType:
    numbers = ("messages", "cost", "all by the dearest", "saved", "saved %")
    table = tables.grid(f"{told.currency}, the last {format_seconds(since)}, since {told.since}", told.by, *numbers,
                        right=numbers)
    for row in (*told.rows, told.total):
        share = f"{100 * row.saved / row.premium:.1f} %" if row.saved is not None and row.premium else "–"
        messages = "–" if row.messages is None else str(row.messages)
        amounts = [_money(amount) for amount in (row.cost, row.premium, row.saved)]
        table.add_row(printable(row.name), messages, *amounts, share)
    return Group(table, *([_budgets(told)] if told.budgets else []))


def _budgets(told: answers.Costs) -> RenderableType:
    table = tables.grid("budgets today", "budget", "of", "spent", "amount", "", right=("spent", "amount"))
    for one in told.budgets:
        about = " ".join(part for part in (one.lane and f"lane {one.lane}", one.sender) if part)
        table.add_row(one.budget, printable(about), _money(one.spent), _money(one.amount),
                      "used up: the cheapest relay" if one.over else "")
    return table


def _money(amount: float | None) -> str:
    return "–" if amount is None else money(micro(amount))


def _print_csv(told: answers.Costs) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(answers.Cost.__struct_fields__)
    writer.writerows([getattr(row, name) for name in answers.Cost.__struct_fields__] for row in told.rows)


COMMANDS = (cost,)
