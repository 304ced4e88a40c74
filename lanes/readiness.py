"""Says that a program is ready: in its log, and to systemd (``Type=notify``, sd_notify(3))."""

from __future__ import annotations

import os
import socket

import structlog

log = structlog.get_logger("lanes")


def ready() -> None:
    """Say ``started`` and ``READY=1``; called once, when the program can do its work."""
    log.info("started")
    _notify("READY=1")


def _notify(state: str) -> None:
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        channel.connect(address)
        channel.sendall(state.encode())
