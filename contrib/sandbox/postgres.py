"""A private PostgreSQL: Debian's, with a cluster of its own on a free port of loopback.

Contract: in a folder of its own that is gone afterwards; nothing of ``/etc/postgresql`` is read. Whoever is
on this machine may enter it. What it is told is not flushed to disk.

Failure: as of :class:`~contrib.sandbox.process.Process`, and :class:`FileNotFoundError` if it is not installed.
Started by root it runs as its own user, since it refuses root.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Self

from contrib.sandbox.ports import LOOPBACK, free_port
from contrib.sandbox.process import Process

_USER = "postgres"
_QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "listen_addresses": LOOPBACK}


class PrivatePostgres:
    """A server of one's own; a context manager."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="private-postgres-"))
        self.port = free_port()
        self._data = self.folder / "data"
        options = [word for name, value in _QUICK.items() for word in ("-c", f"{name}={value}")]
        command = [_program("postgres"), "-D", str(self._data), "-p", str(self.port), "-k", str(self.folder), *options]
        # SIGINT ends it at once, whoever is still connected.
        self._process = Process(command, self.folder / "log", ask=signal.SIGINT, user=_user())

    @property
    def url(self) -> str:
        """For ``history.url``."""
        return f"postgresql://{_USER}@{LOOPBACK}:{self.port}/{_USER}"

    def start(self) -> None:
        """Start, and wait until it answers."""
        self._process.start(self._answers)

    def stop(self) -> None:
        """End it, its clients or not; its data stay until the context is left."""
        self._process.stop()

    def _answers(self) -> bool:
        asked = [_program("pg_isready"), "-q", "-h", LOOPBACK, "-p", str(self.port), "-U", _USER]
        return subprocess.run(asked, check=False).returncode == 0

    def __enter__(self) -> Self:
        if user := _user():
            shutil.chown(self.folder, user)
        made = [_program("initdb"), "-D", str(self._data), "-U", _USER, "--auth=trust", "--encoding=UTF8", "--no-sync",
                "--locale=C"]
        subprocess.run(made, check=True, capture_output=True, user=_user(), cwd=self.folder)
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def _user() -> str | None:
    return _USER if os.geteuid() == 0 else None


def _program(name: str) -> str:
    """Debian keeps them by version, and out of the path."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: float(path.parts[-3]))
    if not found:
        raise FileNotFoundError(f"'{name}' not found: PostgreSQL is not installed (Debian: apt-get install postgresql)")
    return str(found[-1])
