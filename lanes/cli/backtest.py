"""``lanes classify`` over past mail: what these settings would have done, and others otherwise."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import track

from lanes.cli import mailboxes, tables
from lanes.config import Settings
from lanes.message import printable
from lanes.policy import Classifier
from lanes.policy.backtest import Past, Tally, Verdict, replay
from lanes.policy.eml import accepted, read_eml


def run(paths: Iterable[Path], settings: Settings, against: Settings | None, now: float, as_json: bool) -> None:
    """Judge every message under ``paths`` and print what comes of it; progress on a terminal."""
    policy, other = Classifier(settings), Classifier(against) if against else None
    tally, differing = Tally(policy), []
    for verdict in replay(_past(list(paths), now), policy, other):
        tally.add(verdict)
        if verdict.differences:
            differing.append(verdict)
    if as_json:
        click.echo(json.dumps(_as_json(tally, differing)))
    else:
        _print(settings, tally, differing, compared=against is not None)


def _past(paths: list[Path], now: float) -> Iterator[Past]:
    total = sum(mailboxes.count(path) for path in paths)
    found = (one for path in paths for one in mailboxes.messages(path))
    progress = Console(stderr=True)
    for one in track(found, "classifying", total=total, console=progress, disable=not progress.is_terminal):
        message = read_eml(one.content)
        yield Past(one.name, message, accepted(message) or now)


def _print(settings: Settings, tally: Tally, differing: list[Verdict], compared: bool) -> None:
    screen = tables.console()
    screen.print(tables.counts("lanes", {lane: tally.lanes[lane] for lane in settings.by_rank()}, tally.messages))
    screen.print(tables.counts("rules that spoke", dict(tally.rules.most_common()), tally.messages))
    if compared:
        moves = {f"{ours}, not {theirs}": number for (ours, theirs), number in tally.moves.most_common()}
        screen.print(tables.counts("lanes that differ", moves, tally.messages))
        screen.print(tables.differences(differing))


def _as_json(tally: Tally, differing: list[Verdict]) -> dict[str, Any]:
    return {
        "messages": tally.messages,
        "lanes": tally.lanes,
        "rules": tally.rules,
        "moves": [{"lane": ours, "other": theirs, "messages": n} for (ours, theirs), n in tally.moves.most_common()],
        "differences": [
            {"message": printable(v.name), "lane": v.decision.lane, "other": v.other.lane if v.other else None,
             "in": v.differences}
            for v in differing
        ],
    }  # fmt: skip
