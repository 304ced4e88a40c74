"""Says that a program is ready, and then that it is at work: in its log, and to systemd (sd_notify(3)).

``Type=notify`` waits for ``READY=1``. ``WatchdogSec=`` wants to hear ``WATCHDOG=1`` at least so often, or the program
is taken for hung, and started again. It is said by the loop that does the work, and by nobody else: a loop that
hangs says nothing.

Failure: whoever listens is gone: that is nothing to die of.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Callable, Mapping

import structlog

log = structlog.get_logger("lanes")

_NEVER = float("inf")


def ready() -> None:
    """Say ``started`` and ``READY=1``; called once, when the program can do its work."""
    log.info("started")
    _notify("READY=1")


class Watchdog:
    """Called by a loop at each turn; says ``WATCHDOG=1`` every so many seconds (``every``)."""

    def __init__(self, every: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.every = every
        self._clock = clock
        self._due = 0.0 if every < _NEVER else _NEVER

    def __call__(self) -> None:
        """Say that the loop turns, if it is time to."""
        now = self._clock()
        if now >= self._due:
            self._due = now + self.every
            _notify("WATCHDOG=1")


def watchdog(environment: Mapping[str, str] = os.environ) -> Watchdog:
    """The one that systemd wants of this process: it is told at half of the time that it allows."""
    allowed = environment.get("WATCHDOG_USEC", "")
    ours = environment.get("WATCHDOG_PID", "") in ("", str(os.getpid()))
    return Watchdog(int(allowed) / 2e6 if ours and allowed.isdecimal() and int(allowed) else _NEVER)


def _notify(state: str) -> None:
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with (
        contextlib.suppress(OSError),
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel,
    ):
        channel.connect(address)
        channel.sendall(state.encode())
