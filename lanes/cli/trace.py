"""``lanes trace``: past mail, or mail as it might be, as a file that ``lanes simulate`` replays."""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from lanes.cli.examples import examples
from lanes.cli.house import with_house
from lanes.cli.instant import Instant
from lanes.cli.span import Span
from lanes.house import House
from lanes.mta.choose import grammar
from lanes.mta.journal import JOURNALD
from lanes.simulate.generate import Day, generate
from lanes.simulate.trace import Row, TraceError, line, write
from lanes.trace.export import collect, lines, logs_of, rows
from lanes.trace.pseudonyms import KEY, Pseudonyms

_PATH: Any = click.Path(path_type=Path, dir_okay=False)
_OUT = click.option("--out", "-o", type=_PATH, help="Write there, compressed if its name ends in .gz; else print.")


@click.group()
def trace() -> None:
    """Make a trace of mail: from this site's log, or a synthetic one."""


@trace.command(epilog=examples(
    "trace export --since 2026-11-23 --until 2026-11-24 --out monday.jsonl.gz",
    "trace export --since 7d --log-only --pseudonyms --out week.jsonl.gz",
))
@click.option("--since", type=Instant(), default=0.0, help="From when on: a date, an instant, or how long ago.")
@click.option("--until", type=Instant(), default=float("inf"), help="Until when.")
@click.option("--log", "logs", type=_PATH, multiple=True, help="Mail logs, the oldest first. Default: mta.log, and "
                                                             "what rotation put aside of it.")
@click.option("--log-only", is_flag=True, help="Do not ask Redis: for a site that has no lanes yet.")
@click.option("--pseudonyms", is_flag=True, help="Name senders by a keyed hash.")
@click.option("--key", "key_file", type=_PATH, help="The key of --pseudonyms, a file. Default: a new one, forgotten.")
@_OUT
@with_house
def export(house: House, since: float, until: float, logs: tuple[Path, ...], log_only: bool, pseudonyms: bool,
           key_file: Path | None, out: Path | None) -> None:
    """Export past mail as a trace: from the mail log, and from what Redis still knows of it.

    A message that neither knows the lane of is of the default lane.
    """
    settings = house.settings
    if not logs and settings.mta.log == JOURNALD:
        raise click.UsageError("mta.log is journald: write it to a file (journalctl -t ... -o short-iso), and name it "
                               "with --log")
    try:
        text = lines(logs or logs_of(Path(settings.mta.log)))
        collector = collect(text, grammar(settings), time.time())
    except OSError as error:
        raise click.ClickException(f"cannot read the log: {error}") from error
    found = rows(collector, settings, None if log_only else house.store, since, until)
    if pseudonyms or key_file:
        found = _under(Pseudonyms(_key(key_file)), found)
    count = _put(found, out)
    untold = f"; of {collector.untold} too little is told" if collector.untold else ""
    click.echo(f"{count} messages{untold}", err=True)


@trace.command("generate", epilog=examples("trace generate --rate 20 --for 2h --mix 1 3 6 --out monday.jsonl.gz"))
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), default=100.0, show_default=True,
              help="Messages a second, on average over a day.")
@click.option("--for", "span", type=Span(), default="24h", show_default=True, help="How much of it.")
@click.option("--mix", nargs=3, type=click.FloatRange(min=0), default=(1.0, 3.0, 6.0), show_default=True,
              metavar="URGENT NORMAL BULK", help="How much there is of each.")
@click.option("--lanes", "names", nargs=3, default=("priority", "normal", "bulk"), show_default=True,
              metavar="URGENT NORMAL BULK", help="The lanes' names.")
@click.option("--domains", type=click.IntRange(min=1), default=1000, show_default=True, help="Recipient domains.")
@click.option("--began", type=Instant(), default=Day().began, help="Its first second. Default: 14 November 2023, UTC.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same trace.")
@_OUT
def generate_(rate: float, span: float, mix: tuple[float, float, float], names: tuple[str, str, str], domains: int,
              began: float, seed: int, out: Path | None) -> None:
    """Make a synthetic trace: newsletters in campaigns, urgent mail in bursts, more by day than at night."""
    whole = sum(mix)
    if not whole:
        raise click.UsageError("--mix: found nothing, allowed: more than 0 of something")
    day = Day(rate, span, mix[0] / whole, mix[1] / whole, domains, began, seed)
    _put(generate(day, names), out)


def _under(pseudonyms: Pseudonyms, found: Iterable[Row]) -> Iterator[Row]:
    for row in found:
        row.sender = pseudonyms.of(row.sender)
        yield row


def _key(path: Path | None) -> bytes:
    if path is None:
        return secrets.token_bytes(KEY)
    try:
        key = path.read_bytes()
    except OSError as error:
        raise click.ClickException(f"cannot read the key: {error}") from error
    if not 16 <= len(key) <= 64:
        raise click.ClickException(f"{path}: found {len(key)} bytes, allowed: 16 to 64 (head -c 32 /dev/urandom)")
    return key


def _put(found: Iterable[Row], out: Path | None) -> int:
    """How many messages were written or printed."""
    if out:
        try:
            return write(found, out)
        except TraceError as error:
            raise click.ClickException(str(error)) from error
    count = 0
    for row in found:
        sys.stdout.buffer.write(line(row))
        count += 1
    sys.stdout.flush()
    return count


COMMANDS = (trace,)
