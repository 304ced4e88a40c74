"""A real ``lanes api`` over a real Valkey, for a test to fill: nothing else runs, so what the page shows is what the
test put there.

Contract: everything is in one folder; the programs count as heard of, so nothing is wrong unless a test makes it so.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Self

from contrib.sandbox.ports import LOOPBACK, free_port
from contrib.sandbox.redis import PrivateRedis
from contrib.sandbox.wait import wait_until
from lanes.config import Settings, load
from lanes.history.history import open_history
from lanes.sla.rules import PROGRAMS
from lanes.store.connect import connect
from lanes.store.store import Store

#: Programs are heard of so many seconds from now, so that none is silent while a test runs.
_AHEAD = 3600.0


class Served:
    """A server; a context manager. ``settings`` is TOML laid over what it needs itself."""

    def __init__(self, settings: str = "") -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="lanes-served-"))
        self.redis = PrivateRedis()
        self.url = f"http://{LOOPBACK}:{free_port()}/"
        self.config = self.folder / "lanes.toml"
        self.config.write_text(f'data_dir = "{self.folder}"\nredis.url = "{self.redis.url}"\n'
                               f'web.listen = "{self.url.split("/")[2]}"\n{settings}')
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def settings(self) -> Settings:
        """The settings in effect."""
        return load(self.config)

    @property
    def store(self) -> Store:
        """The store that the server shows."""
        return Store(connect(self.settings), self.settings)

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            command = [sys.executable, "-m", "lanes", "--config", str(self.config), "api"]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            wait_until(self._answers, "the API to answer", 30)
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{(self.folder / 'log').read_text()[-2000:]}") from error

    def stop(self) -> None:
        """End the server; Valkey goes on."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)
            self._process = None

    def signal(self, number: signal.Signals) -> None:
        """Send the server a signal: SIGSTOP, SIGCONT."""
        if self._process is not None:
            self._process.send_signal(number)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(self.url, timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, ConnectionError):
            return False

    def clear(self) -> None:
        """Forget all mail; nothing is wrong."""
        store = self.store
        store.client.flushall()
        for program in PROGRAMS:
            store.beat(program, time.time() + _AHEAD)

    def __enter__(self) -> Self:
        self.redis.start()
        open_history(self.settings).close()
        self.clear()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.redis.stop()
        for folder in (self.folder, self.redis.folder):
            shutil.rmtree(folder, ignore_errors=True)
