"""A private ``lanes api``: a real process over a Redis that is there already.

Contract: on a free port of loopback, in a folder of its own, with nobody's settings but those it is given.

Failure: :class:`RuntimeError` with the end of its log if it does not come up.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Self

from contrib.sandbox.ports import LOOPBACK, free_port
from contrib.sandbox.wait import wait_until


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
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Of its root, without a slash at the end."""
        return f"http://{self.host or LOOPBACK}:{self.port}"

    @property
    def log(self) -> str:
        """What it has logged."""
        return (self.folder / "api.log").read_text("utf-8", "replace")

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The process, once started."""
        assert self._process is not None  # noqa: S101 - only asked for while there is one
        return self._process

    def start(self) -> None:
        """Start, and wait until it serves."""
        command = [sys.executable, "-m", "lanes", "--config", str(self.settings_file), "api"]
        with (self.folder / "api.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_until(lambda: '"started"' in self.log or self.process.poll() is not None, "lanes api to start", 30)
        if self.process.poll() is not None:
            raise RuntimeError(f"lanes api ended with {self.process.returncode}:\n{self.log[-2000:]}")

    def stop(self) -> None:
        """Ask it to end, and wait for it."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(30)
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
