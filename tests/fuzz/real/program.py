"""One program of ours as a real process, with a Redis of its own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from contrib.sandbox.process import Process
from contrib.sandbox.redis import PrivateRedis


class Program:
    """``lanes NAME``; a context manager. In ``settings``, ``FOLDER`` is the program's own folder."""

    def __init__(self, name: str, settings: str) -> None:
        self._name = name
        self._settings = settings
        self._redis = PrivateRedis()

    def __enter__(self) -> Self:
        self._temporary = tempfile.TemporaryDirectory(prefix="lanes-fuzz-")
        self.folder = Path(self._temporary.name)
        self._log = self.folder / "log"
        own = f'redis.url = "{self._redis.url}"\ndata_dir = "{self.folder}"\n'
        file = self.folder / "lanes.toml"
        file.write_text(own + self._settings.replace("FOLDER", str(self.folder)))
        self._redis.start()
        self._process = Process([sys.executable, "-m", "lanes", "--config", str(file), self._name], self._log)
        try:
            self._process.start(lambda: '"started"' in self.log)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 traceback: TracebackType | None) -> None:
        try:
            self._process.stop(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._redis.stop()
        self._temporary.cleanup()

    @property
    def log(self) -> str:
        """What it said."""
        return self._log.read_text("utf-8", "replace")

    @property
    def memory(self) -> int:
        """What it has in memory, in MiB (proc_pid_status(5))."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) // 1024

    def must_live(self) -> None:
        """Raises :class:`AssertionError` with the end of its log if it has ended."""
        assert self._process.running, f"{self._name} ended:\n{self.log[-2000:]}"
