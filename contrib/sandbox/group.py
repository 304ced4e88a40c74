"""A process group of servers, ended as a whole.

Contract: a group counts as gone when none of its processes runs any more. Zombies, which wait for
an ``init`` that may be slow to reap them, do not count, so ``killpg(group, 0)`` alone will not do.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

from contrib.sandbox.wait import wait_until


def end_group(group: int, patience: float = 5.0) -> None:
    """Ask the group to end; kill what is left after ``patience`` seconds."""
    _signal(group, signal.SIGTERM)
    with contextlib.suppress(TimeoutError):
        wait_until(lambda: not _running(group), "the process group to end", patience)
    kill_group(group)


def kill_group(group: int) -> None:
    """Kill the group, as a power cut would; return when it is gone."""
    _signal(group, signal.SIGKILL)
    wait_until(lambda: not _running(group), "the process group to die")


def _signal(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)


def _running(group: int) -> bool:
    return any(state not in "ZX" for found, state in _processes() if found == group)


def _processes() -> Iterator[tuple[int, str]]:
    """(process group, state letter) of every process (proc_pid_stat(5))."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _parent, group, *_ = stat.read_text("utf-8", "replace").rpartition(")")[2].split()
            yield int(group), state
