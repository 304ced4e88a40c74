"""An append-only log that Redis or Valkey itself refuses to read when it starts, and putting it aside.

A log whose end was cut off is no trouble: the server cuts off the rest of it. One that was written on after that,
or has lost a part in the middle (a full disk, a power cut), is refused at every start until somebody takes it away.
The spool is the truth, so a server that starts empty is soon filled again.

Contract: refused is what the server said of the log's content. That a file may not be opened, or memory, disk or
socket cannot be had, is not: then the log may be good, and stays.
"""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

#: Logs that are kept; older ones are removed, so that they do not fill the disk.
KEPT = 3
_FOLDER = "appendonlydir"
#: What both servers say, since the log has had parts (aof.c, rdb.c; Redis 7, Valkey 7 and later).
_REFUSED = re.compile(
    "Bad file format reading the append only file|Unexpected end of file reading the append only file"
    "|(Unknown command|unknown command) |FATAL AOF MANIFEST FILE ERROR|Internal error in RDB reading offset"
    "|Unable to obtain the AOF file .*: No such file or directory"
)
_NOT_ITS_FAULT = re.compile(r"failed allocating|Out Of Memory|No space left|Permission denied")


def why_refused(said: str) -> str:
    """The line with which a server refused its log, among what it said in a start that failed; empty if it did not."""
    if _NOT_ITS_FAULT.search(said):
        return ""
    return next((line.strip() for line in said.splitlines() if _REFUSED.search(line)), "")


def put_aside(folder: Path, now: float) -> Path:
    """Rename the log of the server that works in ``folder``; its new name, which has the time (``now``, Unix time)."""
    aside = folder / f"{_FOLDER}.refused-{datetime.fromtimestamp(now, UTC):%Y%m%dT%H%M%S.%fZ}"
    (folder / _FOLDER).rename(aside)
    for old in sorted(folder.glob(f"{_FOLDER}.refused-*"))[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    return aside
