"""The loop that every program shares: run a step, wait, survive Redis's absence, stop on a signal."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable

import structlog
from redis import RedisError

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
    """:func:`repeat` in a thread of its own, so that what it waits for stops nobody else; it ends with the program."""
    threading.Thread(target=repeat, args=(step, stop, program), name=program, daemon=True).start()


def repeat(step: Callable[[], float], stop: threading.Event, program: str) -> None:
    """Call ``step`` until ``stop``; it returns the seconds to wait before its next turn."""
    away = False
    while not stop.is_set():
        try:
            wait = step()
            if away:
                log.info("redis is back", program=program)
            away = False
        except RedisError as error:
            if not away:
                log.error("redis does not answer; mail flows without lanes", program=program, error=str(error))
            away, wait = True, RETRY
        stop.wait(wait)
