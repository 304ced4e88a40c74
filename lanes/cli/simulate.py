"""``lanes simulate``: what past or imagined mail would have come to, with these settings and with others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console, Group, RenderableType
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from lanes import config
from lanes.answers import to_json
from lanes.cli import tables
from lanes.cli.examples import examples
from lanes.config import Settings
from lanes.config.units import format_seconds
from lanes.message import printable
from lanes.simulate import world as worlds
from lanes.simulate.compare import PLAIN, LaneResult, Result, result
from lanes.simulate.plot import draw
from lanes.simulate.run import Say, lane_names, simulate
from lanes.simulate.survey import Survey, survey
from lanes.simulate.tally import Tally
from lanes.simulate.trace import Trace, TraceError
from lanes.simulate.world import World
from lanes.timestamps import rfc3339

_HOUR = 3600.0
_PATH: Any = click.Path(path_type=Path, dir_okay=False)


@click.command("simulate", epilog=examples(
    "simulate monday.jsonl.gz --plot monday.svg",
    "simulate monday.jsonl.gz --config lanes.toml --config other.toml --world world.toml",
))
@click.argument("trace", type=_PATH)
@click.option("--config", "configs", type=_PATH, multiple=True, help="Settings to try, once or more often. Default: "
                                                                   "those of this site.")
@click.option("--world", "world_file", type=_PATH, help="The MTA and the world, as TOML, over what the trace tells.")
@click.option("--plain/--no-plain", default=True, help="Whether to try a Postfix without lanes, too.")
@click.option("--plot", type=_PATH, help="Draw the times of delivery into this SVG file.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same result.")
@click.option("--skip-bad", is_flag=True, help="Leave out lines of the trace that cannot be used, and count them.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def simulate_(site: Path | None, trace: Path, configs: tuple[Path, ...], world_file: Path | None, plain: bool,
              plot: Path | None, seed: int, skip_bad: bool, as_json: bool) -> None:
    """Replay TRACE in simulated time, with the real planner: how long each lane's mail takes, what is late, what it
    costs; with one or more settings, and with a Postfix without lanes."""
    tried = {str(path): config.load(path) for path in configs} or {str(site or "defaults"): config.load(site)}
    first = next(iter(tried.values()))
    rows = Trace(trace, skip_bad=skip_bad)
    try:
        with _progress() as progress:
            seen = survey(rows)
            world = worlds.load(world_file, seen.world) if world_file else worlds.parse("", seen.world)
            runs = _runs(rows, seen, tried, world, plain, seed, progress)
    except TraceError as error:
        raise click.ClickException(str(error)) from error
    judged = {**tried, PLAIN: first}
    results = [result(name, tally, judged[name]) for name, tally in runs.items()]
    if plot:
        _draw(plot, runs, first)
    if as_json:
        click.echo(to_json({"messages": seen.messages, "bad_lines": rows.bad, "runs": results}))
    else:
        tables.console().print(_in_words(seen, rows.bad, results, tried))


def _runs(rows: Trace, seen: Survey, tried: dict[str, Settings], world: World, plain: bool, seed: int,
          progress: Progress) -> dict[str, Tally]:
    """Each run by its name, the plain one last."""
    runs: dict[str, Tally] = {}
    for name, settings in tried.items():
        runs[name] = simulate(rows, settings, world, Tally, seed=seed, say=_said(progress, name, seen))
    if plain:
        settings = next(iter(tried.values()))
        runs[PLAIN] = simulate(rows, settings, world, Tally, plain=True, seed=seed, say=_said(progress, PLAIN, seen))
    return runs


@contextmanager
def _progress() -> Iterator[Progress]:
    """Bars on a terminal's standard error; nothing in a pipe."""
    screen = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[at]}"), TimeRemainingColumn())
    with Progress(*columns, console=screen, disable=not screen.is_terminal, transient=True) as progress:
        yield progress


def _said(progress: Progress, name: str, seen: Survey) -> Say:
    task = progress.add_task(printable(name, 40), total=seen.messages, at="")
    return lambda count, now: progress.update(task, completed=count, at=rfc3339(now)[:16])


def _draw(path: Path, runs: dict[str, Tally], settings: Settings) -> None:
    try:
        path.write_text(draw(runs, settings), "utf-8")
    except OSError as error:
        raise click.ClickException(f"cannot draw: {error}") from error


def _in_words(seen: Survey, bad: int, results: Sequence[Result], tried: dict[str, Settings]) -> RenderableType:
    when = f"{format_seconds(round(seen.ended - seen.began))} from {rfc3339(seen.began)}"
    notes = [f"{seen.messages} messages in {when}; of {seen.tells} the trace tells what their delivery took"]
    if bad:
        notes.append(f"{bad} lines of the trace could not be used, and were left out")
    notes += _strangers(seen, tried)
    windows = (f"{printable(run.name)}: window {run.window_mean:.0f} on average, {run.window_max} at most; "
               f"{run.held_max} messages held at once"
               for run in results if run.window_mean is not None)
    return Group(Text("\n".join(notes)), _table(results), Text("\n".join(windows)))


def _strangers(seen: Survey, tried: dict[str, Settings]) -> Iterator[str]:
    """Lanes of the trace that some settings do not have."""
    for name, settings in tried.items():
        strange = {lane: count for lane, count in seen.lanes.items() if lane and lane not in lane_names(settings)}
        if strange:
            which = ", ".join(printable(f"{lane} ({count} messages)", 100) for lane, count in sorted(strange.items()))
            yield f"{name} has no lane {which}: taken to be of lane {settings.default_lane}"


def _table(results: Sequence[Result]) -> RenderableType:
    numbers = ("sent", "p50", "p95", "p99", "late", "cost", "waves", "of", "connections", "finished")
    table = tables.grid("", "lane", "run", *numbers, right=numbers)
    for lane in dict.fromkeys(one.lane for run in results for one in run.lanes):
        for run in results:
            for one in run.lanes:
                if one.lane == lane:
                    table.add_row(one.lane, printable(run.name, 40), *_cells(one))
    return table


def _cells(one: LaneResult) -> Sequence[str]:
    late = f"{one.violations} ({100 * one.violations / one.sent:.2f} %)" if one.sent else "–"
    waves = str(one.waves or "–"), f"{one.wave_mean:g}" if one.wave_mean else "–"
    return (str(one.sent), *map(_short, (one.p50, one.p95, one.p99)), late, one.cost or "–", *waves,
            str(one.connections), _short(one.finished))


def _short(seconds: float | None) -> str:
    """Of hours, no seconds."""
    if seconds is None:
        return "–"
    return tables.short(seconds if seconds < _HOUR else round(seconds / 60) * 60)


COMMANDS = (simulate_,)
