"""A real ``lanes api`` over a real Valkey, for a test to fill: nothing else runs, so what the page shows is what the
test put there.

Contract: the programs count as heard of, so nothing is wrong unless a test makes it so.
"""

from __future__ import annotations

import shutil
import signal
import time
from typing import Self

from contrib.sandbox.api import PrivateApi
from contrib.sandbox.redis import PrivateRedis
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
        self.redis = PrivateRedis()
        self._api = PrivateApi(self.redis.url, settings)
        self.url = f"{self._api.url}/"

    @property
    def settings(self) -> Settings:
        """The settings in effect."""
        return load(self._api.settings_file)

    @property
    def store(self) -> Store:
        """The store that the server shows."""
        return Store(connect(self.settings), self.settings)

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        self._api.start()

    def stop(self) -> None:
        """End the server; Valkey goes on."""
        self._api.stop()

    def signal(self, number: signal.Signals) -> None:
        """Send the server a signal: SIGSTOP, SIGCONT."""
        self._api.process.send_signal(number)

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
        for folder in (self._api.folder, self.redis.folder):
            shutil.rmtree(folder, ignore_errors=True)
