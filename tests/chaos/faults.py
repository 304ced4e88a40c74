"""What can go wrong, as a table: how it is done to a :class:`~tests.chaos.world.World`, and how it ends.

``kill_*``          SIGKILL, and started again when the fault ends, as an init system would
``kill_redis``      so, too, and a random part of what its log got in the last second is gone
``kill_postfix``    all its processes at once
``stop_*``          SIGSTOP, then SIGCONT
``cut_redis``       no byte passes between the programs and Redis; connections are still made, and acknowledged
``part_redis``      nothing comes back from the network in which Redis is
``fill_redis``      the disk with Redis's log is full; ``fill_data``: the one with ``data_dir``
``memory_redis``    at ``maxmemory``, with ``noeviction``
``flush_redis``     FLUSHALL
``forge_redis``     junk where we keep something, and it stays (:mod:`tests.chaos.forged`)
``rotate_rename``   the log is put aside in the middle of a line, and a new one begun
``rotate_copy``     it is copied in the middle of a line, and cut off
``step_clocks``     the clocks of all programs and of Redis are set by up to a minute, and stay so
``step_redis``      Redis's clock alone is set so, and set right when the fault ends
``step_program``    so, too, a program's

Contract: a fault's ``heal`` undoes it whatever its ``strike`` came to; what a fault leaves behind by its nature
(lost data, junk) is the house's to live with.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tests.chaos.forged import forge
from tests.chaos.world import ALL, World

Strike = Callable[[World, random.Random], None]
Heal = Callable[[World], None]

#: Seconds by which a clock is wrong, at most, either way.
_STEP = 60.0


class Fault(NamedTuple):
    """One thing that can go wrong."""

    victim: str
    strike: Strike
    heal: Heal
    needs: str = ""
    """The disk, or the ``network``, that it needs."""


def possible(world: World, wanted: Collection[str]) -> dict[str, Fault]:
    """What can be done here, of what is wanted."""
    there = {"", *world.disks, *(["network"] if world.network else [])}
    return {name: FAULTS[name] for name in wanted if FAULTS[name].needs in there}


def _nothing(_world: World) -> None:
    """It was over at once."""


def _kill(program: str) -> Fault:
    return Fault(program, lambda world, _: world.site.kill(program), lambda world: world.site.restart(program))


def _stop(program: str) -> Fault:
    def signalled(number: signal.Signals, world: World, _dice: object = None) -> None:
        world.site.send_signal(program, number)

    return Fault(program, partial(signalled, signal.SIGSTOP), partial(signalled, signal.SIGCONT))


def _kill_redis(world: World, dice: random.Random) -> None:
    """Its last second of log is what it may lose by ``appendfsync everysec``."""
    before = _newest_log(world)
    since = before.stat().st_size
    time.sleep(1)
    world.redis.kill()
    log = _newest_log(world)
    size = log.stat().st_size
    with log.open("ab") as file:
        file.truncate(dice.randint(since if log == before else 0, size))


def _newest_log(world: World) -> Path:
    logs = (world.redis.folder / "appendonlydir").glob("*.incr.aof")
    return max(logs, key=lambda path: int(path.name.split(".")[-3]))


def _fill(disk: str) -> Fault:
    return Fault(disk, lambda world, _: world.disks[disk].fill(), lambda world: world.disks[disk].empty(), disk)


def _configure(name: str, value: str, world: World, _dice: object = None) -> None:
    world.redis.client().config_set(name, value)


def _part(world: World, _dice: random.Random) -> None:
    assert world.network
    world.network.cut()


def _mend(world: World) -> None:
    assert world.network
    world.network.mend()


def _step_all(world: World, dice: random.Random) -> None:
    world.set_all_clocks(dice.uniform(-_STEP, _STEP))


def _step(names: Sequence[str]) -> Fault:
    """One clock of these goes wrong by itself, and is put right."""
    def strike(world: World, dice: random.Random) -> None:
        world.clocks[dice.choice(names)].set(world.ahead + dice.uniform(-_STEP, _STEP))

    return Fault("clock", strike, lambda world: world.set_all_clocks(world.ahead))


def _flush(world: World, _dice: random.Random) -> None:
    world.redis.client().flushall()


def _forge(world: World, dice: random.Random) -> None:
    forge(world.redis.client(), world.settings, dice)


def _rotate_rename(world: World, dice: random.Random) -> None:
    log, aside = world.site.postfix.log_path, world.rotate()
    first, rest = _halves(dice)
    _append(log, first)
    log.rename(aside)
    _append(aside, rest)
    world.reload_postfix()


def _rotate_copy(world: World, dice: random.Random) -> None:
    log, aside = world.site.postfix.log_path, world.rotate()
    first, rest = _halves(dice)
    _append(log, first)
    shutil.copyfile(log, aside)
    os.truncate(log, 0)
    _append(log, rest)


def _halves(dice: random.Random) -> tuple[bytes, bytes]:
    """A line of somebody else's, in two parts. What Postfix writes in between makes a line of neither."""
    line = f"{time.strftime('%b %d %H:%M:%S')} host other/program[7]: nothing that is of interest to anybody\n".encode()
    place = dice.randrange(1, len(line) - 1)
    return line[:place], line[place:]


def _append(log: Path, text: bytes) -> None:
    with log.open("ab", buffering=0) as file:
        file.write(text)


FAULTS: Mapping[str, Fault] = {
    **{f"kill_{program}": _kill(program) for program in ALL},
    "kill_redis": Fault("redis", _kill_redis, lambda world: world.start_redis()),
    "kill_postfix": Fault("postfix", lambda world, _: world.site.postfix.kill(), lambda world: world.start_postfix()),
    "stop_manager": _stop("manager"),
    "stop_redis": Fault("redis", lambda world, _: world.redis.signal(signal.SIGSTOP),
                        lambda world: world.redis.signal(signal.SIGCONT)),
    "cut_redis": Fault("link", lambda world, _: world.link.cut(), lambda world: world.link.mend()),
    "part_redis": Fault("link", _part, _mend, "network"),
    "fill_redis": _fill("redis"),
    "fill_data": _fill("data"),
    "memory_redis": Fault("redis", partial(_configure, "maxmemory", "1"), partial(_configure, "maxmemory", "0")),
    "flush_redis": Fault("redis", _flush, _nothing),
    "forge_redis": Fault("redis", _forge, _nothing),
    "rotate_rename": Fault("log", _rotate_rename, _nothing),
    "rotate_copy": Fault("log", _rotate_copy, _nothing),
    "step_clocks": Fault("clock", _step_all, _nothing),
    "step_redis": _step(("redis",)),
    "step_program": _step(ALL),
}
