"""``lanes up``: every program in the foreground, as children of one, for a small site or a look.

Starts the embedded Redis if the settings ask for it, then the programs; starts again whatever
ends, waiting longer each time; on SIGTERM or SIGINT ends them all, the newest first.

Contract: once for a ``data_dir``. It may be killed and started again: its children end with it.

Failure: a child that keeps dying is started again every :data:`SLOWEST` seconds; mail flows
without it. :class:`AlreadyUpError` if another one is at work on the same ``data_dir``.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import structlog

from lanes.config import Settings
from lanes.config.redis_url import EMBEDDED
from lanes.store.embedded import Embedded

log = structlog.get_logger("lanes.up")

PROGRAMS = ("milter", "manager", "worker", "tracker", "failsafe")
SLOWEST = 30.0

_PR_SET_PDEATHSIG = 1
_TICK = 0.2
_GRACE = 10.0
_STEADY = 60.0


class AlreadyUpError(Exception):
    """Everything is running already."""


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
            self._process = subprocess.Popen(  # noqa: S603 - our own command line
                self._command, preexec_fn=_end_with_parent  # noqa: PLW1509 - this program has one thread
            )
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


def programs(settings: Settings) -> tuple[str, ...]:
    """What there is to run; without sinks, nobody is to be told of alerts, and router and API may be asked nowhere."""
    notifier = ("notifier",) if settings.alerts.sinks else ()
    router = ("router",) if settings.router.listen else ()
    return (*PROGRAMS, *notifier, *router, *(("api",) if settings.web.listen else ()))


def up(settings: Settings, config: Path | None, stop: threading.Event) -> None:
    """Run everything until ``stop``."""
    with _alone(Path(settings.data_dir)), _redis(settings) as redis:
        children = [Child(program, config) for program in programs(settings)]
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


def _end_with_parent() -> None:
    """In a child: be asked to stop when the parent is gone, however it went (prctl(2))."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, which the kernel takes back from whoever is gone (flock(2))."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyUpError(f"another `lanes up` is at work in {folder}") from error
        yield


def _redis(settings: Settings) -> contextlib.AbstractContextManager[Embedded | None]:
    return Embedded(settings) if settings.redis.url == EMBEDDED else contextlib.nullcontext()
