"""The loop that every program shares: run a step, wait, survive Redis's absence, stop on a signal.

At each turn it tells systemd that it turns (:class:`lanes.readiness.Watchdog`), also while it waits.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable

import structlog
from redis import RedisError

from lanes.readiness import Watchdog, watchdog

log = structlog.get_logger("lanes.loop")

#: Seconds between two tries while Redis does not answer.
RETRY = 1.0


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM and SIGINT set; call in the main thread."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def beside(step: Callable[[], float], stop: threading.Event, program: str) -> None:
    """:func:`repeat` in a thread of its own, so that what it waits for stops nobody else; it ends with the program.

    It tells no watchdog: that it turns does not mean that the program's own loop does.
    """
    nobody = Watchdog(float("inf"))
    threading.Thread(target=repeat, args=(step, stop, program, nobody), name=program, daemon=True).start()


def repeat(step: Callable[[], float], stop: threading.Event, program: str, alive: Watchdog | None = None) -> None:
    """Call ``step`` until ``stop``; it returns the seconds to wait before its next turn.

    ``alive`` is the watchdog that is told; a step that takes long has to tell it, too.
    """
    alive = alive or watchdog()
    away = False
    while not stop.is_set():
        alive()
        try:
            wait = step()
            if away:
                log.info("redis is back", program=program)
            away = False
        except RedisError as error:
            if not away:
                log.error("redis does not answer; mail flows without lanes", program=program, error=str(error))
            away, wait = True, RETRY
        _wait(stop, wait, alive)


def _wait(stop: threading.Event, seconds: float, alive: Watchdog) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and not stop.wait(min(left, alive.every)):
        alive()
