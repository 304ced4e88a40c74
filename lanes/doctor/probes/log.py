"""The MTA's log: whether the tracker's user can read it, when it was written, what its last line says."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable
from functools import partial
from pathlib import Path

from lanes.config import Settings
from lanes.doctor.facts import LogSeen
from lanes.doctor.probes.as_user import try_as
from lanes.mta.log_time import LogTime
from lanes.store.store import Store
from lanes.store.views import Views

#: The group that the tracker's unit has besides its own (``SupplementaryGroups``).
READERS = "adm"
#: Bytes of the log's end that are looked at.
_TAIL = 4096


def look(store: Store, settings: Settings, now: float) -> LogSeen:
    """A file's. Raises :class:`redis.RedisError`."""
    path = Path(settings.mta.log)
    user = _tracker(settings)
    error = _try(user, partial(_open, path))
    readable = path.exists() and os.access(path, os.R_OK)
    tracked = store.tracking.told()
    recent = Views(store, settings).recent(1)
    return LogSeen(
        str(path), error, user.pw_name, READERS, path.stat().st_mtime if path.exists() else 0.0,
        _last_stamp(path, now) if readable else None, tracked.lines, tracked.unparsed, tracked.until,
        recent[0][1].accepted if recent else 0.0,
    )  # fmt: skip


def _tracker(settings: Settings) -> pwd.struct_passwd:
    """Who tracks: the owner of ``data_dir``."""
    try:
        return pwd.getpwuid(Path(settings.data_dir).stat().st_uid)
    except (OSError, KeyError):
        return pwd.getpwuid(os.geteuid())


def _try(user: pwd.struct_passwd, attempt: Callable[[], None]) -> str:
    """As that user if we may, else as ourselves."""
    if os.geteuid() == 0:
        return try_as(user, attempt, besides=READERS)
    try:
        attempt()
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _open(path: Path) -> None:
    path.open("rb").close()


def _last_stamp(path: Path, now: float) -> float | None:
    with path.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
        lines = file.read().decode("utf-8", "replace").splitlines()
    return LogTime()(lines[-1], now) if lines else None
