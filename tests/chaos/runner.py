"""All rounds of a run, and what is told of them.

Contract: on a terminal a line says how far it is; in a pipe, nothing is told but a line for each round with a breach:
what was struck, what was not so, how to have the same faults again, and where the logs are kept.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console

from tests.chaos.faults import FAULTS, possible
from tests.chaos.invariants import KINDS, Breach, HoldWatch, Invariants
from tests.chaos.rounds import Round, Rounds
from tests.chaos.traffic import Ledger
from tests.chaos.world import World

Say = Callable[[str], None]


def run(seed: int, rounds: int, messages: int, first: int = 1,
        wanted: Collection[str] = tuple(FAULTS)) -> dict[str, Any]:
    """So many rounds from number ``first`` on, with so many messages in all, of the faults that are wanted; what came
    of them."""
    began = time.monotonic()
    found: Counter[str] = Counter()
    struck: Counter[str] = Counter()
    ledger = Ledger()
    with World() as world, HoldWatch(world) as watch, _progress() as (say, note):
        invariants = Invariants(world, ledger, watch)
        faults = possible(world, wanted)
        play = Rounds(world, seed, ledger, invariants, faults)
        for place in range(rounds):
            share = messages * (place + 1) // rounds - messages * place // rounds
            done = play.play(first + place, share)
            struck.update(strike.fault for strike in done.strikes)
            found.update(breach.kind for breach in done.breaches)
            say(_line(place + 1, rounds, done, len(ledger.sent), time.monotonic() - began, found))
            if done.breaches:
                note(_failed(seed, done, _keep(world, seed, done.number)))
        if left := play.drain():
            found.update(breach.kind for breach in left)
            note(_failed(seed, Round(first + rounds, [], left), _keep(world, seed, first + rounds)))
        refused = [str(folder) for folder in world.refused]
        untried = sorted(set(wanted) - set(faults))
    return {
        "seed": seed, "rounds": rounds, "messages": len(ledger.sent), **{kind: found[kind] for kind in KINDS},
        "duplicated_by_postfix": invariants.by_postfix, "held_by_others": len(invariants.foreign),
        "unanswered": ledger.unanswered, "seconds": round(time.monotonic() - began, 1),
        "faults": dict(sorted(struck.items())), "untried": untried,
        "logs_that_redis_refused": refused,
    }  # fmt: skip


def _line(place: int, rounds: int, done: Round, messages: int, seconds: float, found: Counter[str]) -> str:
    faults = " + ".join(strike.fault for strike in done.strikes)
    breaches = f", {found.total()} breaches" if found else ""
    return f"round {place} of {rounds}: {faults}; {messages} messages, {seconds:.0f} s{breaches}"


def _failed(seed: int, done: Round, kept: Path) -> str:
    faults = " + ".join(strike.fault for strike in done.strikes) or "all is healed"
    return (f"round {done.number} ({faults}): {_told(done.breaches)}; again: python -m tests.chaos --seed {seed}"
            f" --first {done.number} --rounds 1; logs: {kept}")


def _told(breaches: list[Breach]) -> str:
    return "; ".join(f"{breach.kind}: {breach.what}" for breach in breaches)


def _keep(world: World, seed: int, number: int) -> Path:
    """A copy of all logs, in a folder that stays."""
    folder = Path(tempfile.gettempdir()) / f"chaos-seed{seed}-round{number}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for log in (*world.site.folder.glob("*.log"), *world.site.postfix.log_path.parent.iterdir()):
        shutil.copy(log, folder)
    shutil.copy(world.redis.folder / "log", folder / "redis.log")
    return folder


@contextmanager
def _progress() -> Iterator[tuple[Say, Say]]:
    """How to say what is being done, and what is to stay on the screen."""
    console = Console(stderr=True)
    with console.status("") as status:
        yield status.update, lambda text: console.print(text, highlight=False, markup=False, soft_wrap=True)
