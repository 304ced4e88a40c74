"""The MTA's log, a file or the journal: whether the tracker's user can read it, when it was written, what its last
line says."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable
from functools import partial
from pathlib import Path

from lanes.config import Settings
from lanes.doctor.facts import LogSeen
from lanes.doctor.probes.as_user import try_as
from lanes.mta import journal
from lanes.mta.journal import JOURNALD
from lanes.mta.log_time import LogTime
from lanes.store.store import Store
from lanes.store.views import Views

#: The group that the tracker's unit has besides its own (``SupplementaryGroups``).
READERS = "adm"
#: The group that may read the journal (systemd-journald.service(8)).
JOURNAL_READERS = "systemd-journal"
#: Bytes of the log's end that are looked at.
_TAIL = 4096


def look(store: Store, settings: Settings, now: float) -> LogSeen:
    """A file's. Raises :class:`redis.RedisError`."""
    path = Path(settings.mta.log)
    user = _tracker(settings)
    error = _try(user, partial(_open, path))
    readable = path.exists() and os.access(path, os.R_OK)
    written = path.stat().st_mtime if path.exists() else 0.0
    last = _last_stamp(path, now) if readable else None
    return LogSeen(str(path), error, user.pw_name, READERS, written, last, *_known(store, settings))


def look_at_journal(store: Store, settings: Settings, _: float) -> LogSeen:
    """The journal. Raises :class:`redis.RedisError`, and :class:`OSError` if we ourselves cannot read it."""
    user, newest = _tracker(settings), journal.newest()
    error = _try(user, partial(_see_as_much, newest))
    return LogSeen(JOURNALD, error, user.pw_name, JOURNAL_READERS, newest, None, *_known(store, settings))


def _known(store: Store, settings: Settings) -> tuple[int, int, float, float]:
    """What Redis knows of it: lines, those not understood, up to when it was read; and when mail last came in."""
    tracked, recent = store.tracking.told(), Views(store, settings).recent(1)
    return tracked.lines, tracked.unparsed, tracked.until, recent[0][1].accepted if recent else 0.0


def _see_as_much(newest: float) -> None:
    if journal.newest() < newest:
        raise PermissionError("it is shown no line of the facility mail")


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
