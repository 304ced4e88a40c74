"""A server's process: started with its log in a file, waited for, and ended.

Contract: can be started again once it has ended; its log goes on where it was.

Failure: :class:`RuntimeError` if it ends instead of coming up, :class:`TimeoutError` if it does not come up in
time; both have the end of its log, and leave no process behind.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from contrib.sandbox.wait import wait_until


class Process:
    """The process of ``command``; ``ask`` is the signal by which it ends in good order, ``user`` whom it runs as,
    ``environment`` is added to its own."""

    def __init__(self, command: Sequence[str], log: Path, *, ask: signal.Signals = signal.SIGTERM,
                 user: str | None = None, environment: Mapping[str, str] | None = None) -> None:
        self._command, self._log, self._ask, self._user = command, log, ask, user
        self._environment = os.environ | (environment or {})
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, ready: Callable[[], bool], patience: float = 60.0) -> None:
        """Start it, and wait until it is ``ready``, for at most ``patience`` seconds."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log, user=self._user,
                                             env=self._environment, cwd=self._log.parent if self._user else None)
        try:
            wait_until(lambda: ready() or not self.running, f"{self._command[0]} to come up", patience)
        except TimeoutError as error:
            self.kill()
            raise TimeoutError(f"{error}\n{self._end_of_log}") from error
        if not self.running:
            raise RuntimeError(f"{self._command[0]} ended with {self._process.returncode}:\n{self._end_of_log}")

    @property
    def running(self) -> bool:
        """Whether it was started, and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Its process id, once it was started."""
        if self._process is None:
            raise RuntimeError(f"{self._command[0]} was not started")
        return self._process.pid

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal, if it runs."""
        if self._process is not None:
            self._process.send_signal(number)

    def stop(self, patience: float = 30.0) -> int | None:
        """Ask it to end, and wait; its exit status, or None if it does not run."""
        return self._end(self._ask, patience)

    def kill(self) -> None:
        """End it as a crash would."""
        self._end(signal.SIGKILL, 10)

    def _end(self, number: signal.Signals, patience: float) -> int | None:
        if self._process is None:
            return None
        self.send_signal(number)
        status = self._process.wait(patience)
        self._process = None
        return status

    @property
    def _end_of_log(self) -> str:
        return self._log.read_text("utf-8", "replace")[-2000:]
