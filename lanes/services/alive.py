"""Heartbeats that do not need Redis: ``data_dir/alive/PROGRAM`` was touched when it last worked.

Contract: a heartbeat is the file's time stamp. Programs of different users may beat: the folder belongs to
whoever owns ``data_dir``. Links are not followed, since root beats in a folder that another user owns.

Failure: a beat that cannot be written raises :class:`OSError`; :class:`Beat` says so once and goes on, for
a program must not die of it. Then it is taken for silent.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

import structlog

from lanes.config import Settings

log = structlog.get_logger("lanes.alive")

#: Seconds between two beats; more of them are not written.
_EVERY = 1.0
_OPEN = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Beat:
    """The heart of one program."""

    def __init__(self, settings: Settings, program: str) -> None:
        self._folder = _folder(settings)
        self._program = program
        self._last = 0.0
        self._failed = False

    def __call__(self, now: float) -> None:
        """Say that the program works, at ``now`` (Unix time in seconds)."""
        if 0 <= now - self._last < _EVERY:
            return
        self._last = now
        try:
            _touch(self._folder, self._program, now)
            self._failed = False
        except OSError as error:
            if not self._failed:
                log.error("cannot write the heartbeat; the failsafe will release held mail", error=str(error))
            self._failed = True


def silent(settings: Settings, programs: Iterable[str], now: float, since: float = 0.0) -> list[str]:
    """Those of ``programs`` that did not beat for ``failsafe.after``, nor began to only ``since`` an instant.

    A beat in the future is none: the clock was set back.
    """
    after = settings.failsafe.after
    return [program for program in programs
            if min(abs(now - heard(settings, program)), abs(now - since)) > after]


def heard(settings: Settings, program: str) -> float:
    """When a program last beat, in Unix time; 0: never."""
    with contextlib.suppress(OSError):
        return (_folder(settings) / program).lstat().st_mtime
    return 0.0


def _folder(settings: Settings) -> Path:
    return Path(settings.data_dir) / "alive"


def _touch(folder: Path, name: str, now: float) -> None:
    with contextlib.suppress(FileExistsError):
        folder.mkdir(parents=True)
        owner = folder.parent.stat()
        os.chown(folder, owner.st_uid, owner.st_gid)
    inside = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | _OPEN)
    try:
        file = os.open(name, os.O_WRONLY | os.O_CREAT | _OPEN, 0o644, dir_fd=inside)
        try:
            os.utime(file, (now, now))
        finally:
            os.close(file)
    finally:
        os.close(inside)
