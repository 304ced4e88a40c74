"""``lanes up``: every program in the foreground, as children of one, for a small site or a look.

Starts the embedded Redis if the settings ask for it, then the programs; starts again whatever
ends, waiting longer each time; on SIGTERM or SIGINT ends them all, the newest first.

Failure: a child that keeps dying is started again every :data:`SLOWEST` seconds; mail flows
without it.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
from pathlib import Path

import structlog

from lanes.config import Settings
from lanes.config.redis_url import EMBEDDED
from lanes.store.embedded import Embedded

log = structlog.get_logger("lanes.up")

PROGRAMS = ("milter", "manager", "worker", "tracker", "failsafe")
SLOWEST = 30.0

_TICK = 0.2
_GRACE = 10.0
_STEADY = 60.0


class Child:
    """One program, kept alive."""

    def __init__(self, program: str, config: Path | None) -> None:
        self.program = program
        option = ["--config", str(config)] if config else []
        self._command = [sys.executable, "-m", "lanes", *option, program]
        self._wait = 0.5
        self._start_at = 0.0
        self._process: subprocess.Popen[bytes] | None = None

    def tend(self, now: float) -> None:
        """Start the program if it is not running and its time has come."""
        if self._process is not None and self._process.poll() is not None:
            self._ended(now)
        if self._process is None and now >= self._start_at:
            self._process = subprocess.Popen(self._command)  # noqa: S603 - our own command line
            self._start_at = now

    def _ended(self, now: float) -> None:
        assert self._process is not None  # noqa: S101 - only called while there is one
        log.warning("a program ended; it will be started again", child=self.program,
                    code=self._process.returncode, wait=self._wait)
        steady = now - self._start_at > _STEADY
        self._wait = 0.5 if steady else min(self._wait * 2, SLOWEST)
        self._process, self._start_at = None, now + self._wait

    def ask_to_stop(self) -> None:
        """SIGTERM."""
        if self._process is not None:
            self._process.terminate()

    def stopped(self, within: float) -> None:
        """Wait for the end, then make it one."""
        if self._process is not None:
            try:
                self._process.wait(within)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


def up(settings: Settings, config: Path | None, stop: threading.Event) -> None:
    """Run everything until ``stop``."""
    with _redis(settings) as redis:
        children = [Child(program, config) for program in PROGRAMS]
        while not stop.is_set():
            if redis:
                redis.tend()
            for child in children:
                child.tend(time.monotonic())
            stop.wait(_TICK)
        for child in reversed(children):
            child.ask_to_stop()
        for child in reversed(children):
            child.stopped(_GRACE)


def _redis(settings: Settings) -> contextlib.AbstractContextManager[Embedded | None]:
    return Embedded(settings) if settings.redis.url == EMBEDDED else contextlib.nullcontext()
