"""What a program takes up, as Linux tells it (proc(5)): a look at a process id.

``memory`` is anonymous memory in MiB, what a leak is made of: the RSS has the pages of libraries besides, which other
programs share. CPU time is in seconds since the program began.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

_MIB = 1 << 10
_FIELD = re.compile(r"^(\w+):\s+(\d+) kB$", re.MULTILINE)
_TICKS = os.sysconf("SC_CLK_TCK")


class Taken(NamedTuple):
    """By a program, at an instant; sizes in MiB."""

    rss: float
    pss: float
    memory: float
    cpu: float
    fds: float
    threads: float


def taken(pid: int) -> Taken:
    """By a running program. Raises :class:`OSError` if there is none."""
    process = Path("/proc") / str(pid)
    sizes = {name: int(size) / _MIB for name, size in _FIELD.findall((process / "smaps_rollup").read_text("ascii"))}
    # Behind the name, which may hold anything: state is field 3, utime 14, stime 15, num_threads 20.
    fields = (process / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    return Taken(sizes["Rss"], sizes["Pss"], sizes["Anonymous"], (int(fields[11]) + int(fields[12])) / _TICKS,
                 len(list((process / "fd").iterdir())), int(fields[17]))
