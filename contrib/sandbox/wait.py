"""Waiting for another process to get somewhere.

Contract: looks often, returns as soon as the thing is so, and otherwise raises
:class:`TimeoutError` with what was waited for. Only a failure costs the whole ``timeout``.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import TypeVar

from contrib.sandbox.ports import LOOPBACK

T = TypeVar("T")


def wait_until(look: Callable[[], T], what: str, timeout: float = 10.0, every: float = 0.01) -> T:
    """The first true value that ``look`` returns; durations in seconds."""
    end = time.monotonic() + timeout
    while not (seen := look()):
        if time.monotonic() > end:
            raise TimeoutError(f"waited {timeout:g} s for {what}; last seen: {seen!r}")
        time.sleep(every)
    return seen


def wait_for_greeting(port: int, timeout: float = 10.0) -> None:
    """Until an SMTP server on ``port`` says 220."""
    wait_until(lambda: _greets(port, timeout), f"an SMTP server on port {port}", timeout)


def _greets(port: int, timeout: float) -> bool:
    try:
        with socket.create_connection((LOOPBACK, port), timeout) as connection:
            greeting = connection.recv(512)
            connection.sendall(b"QUIT\r\n")
    except OSError:
        return False
    return greeting.startswith(b"220")
