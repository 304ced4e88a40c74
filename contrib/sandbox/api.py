"""A private ``lanes api``: a real process over a Redis that is there already.

Contract: on a free port of loopback, in a folder of its own, with nobody's settings but those it is given.

Failure: as of :class:`~contrib.sandbox.process.Process`.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Self

from contrib.sandbox.ports import LOOPBACK, free_port
from contrib.sandbox.process import Process

_STARTED = '"started"'


class PrivateApi:
    """A server of one's own, on some ``host`` that is loopback; a context manager.

    ``settings`` is TOML laid over what it needs.
    """

    def __init__(self, redis_url: str, settings: str = "", *, host: str = LOOPBACK) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="private-api-"))
        self.host = host
        self.port = free_port()
        self.settings_file = self.folder / "lanes.toml"
        self.settings_file.write_text(
            f'redis.url = "{redis_url}"\ndata_dir = "{self.folder}"\nweb.listen = "{host}:{self.port}"\n{settings}'
        )
        command = [sys.executable, "-m", "lanes", "--config", str(self.settings_file), "api"]
        self.process = Process(command, self.folder / "api.log")

    @property
    def url(self) -> str:
        """Of its root, without a slash at the end."""
        return f"http://{self.host or LOOPBACK}:{self.port}"

    @property
    def log(self) -> str:
        """What it has logged."""
        file = self.folder / "api.log"
        return file.read_text("utf-8", "replace") if file.exists() else ""

    def start(self) -> None:
        """Start, and wait until it serves."""
        starts = self.log.count(_STARTED)
        self.process.start(lambda: self.log.count(_STARTED) > starts)

    def stop(self) -> None:
        """Ask it to end, and wait for it."""
        self.process.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
