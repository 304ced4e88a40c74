"""Serves the application by waitress: threads, and no more of them than the settings say.

The server runs in a thread of its own, and signals are the main thread's: on SIGTERM all streams end, and requests
under way get :data:`GRACE` seconds to end in order.

All threads take memory from one heap. With glibc each would have its own, as large as the largest answer that it ever
gave, so that a server that is watched all day would grow for hours; and in Python one of them runs at a time anyhow.

Failure: :class:`OSError` if the address cannot be bound to.
"""

from __future__ import annotations

import ctypes
import logging
import threading
from typing import Any

from flask import Flask
from waitress.server import BaseWSGIServer, create_server

from lanes.config import Settings
from lanes.config.web import Web
from lanes.readiness import ready
from lanes.web.live import Live
from lanes.web.wire import Channel

#: Seconds for requests under way to end when the server stops.
GRACE = 5

_LOOK = 1.0
#: Bytes of a request's first line and headers.
_HEADERS_MAX = 16384
#: Connections that need no thread, since nothing is asked on them.
_IDLE = 100
#: Seconds after which they are closed.
_IDLE_FOR = 60
#: Bytes that may wait for a client to read them: some two minutes of a stream.
UNREAD_MAX = 2 * 2**20

#: ``M_ARENA_MAX`` of mallopt(3).
_ARENA_MAX = -8


def _address(web: Web) -> str:
    """As waitress has it; to it, no host is every host."""
    return f"[{web.host}]:{web.port}" if ":" in web.host else f"{web.host}:{web.port}"


def serve(app: Flask, settings: Settings, stop: threading.Event) -> None:
    """Serve until ``stop`` is set."""
    web, live = settings.web, app.extensions["live"]
    assert isinstance(live, Live)  # noqa: S101 - the application is ours
    threads = web.threads + web.streams
    _share_heap()
    # It warns when requests wait for a thread, which they may.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    sockets: dict[int, Any] = {}
    server = create_server(
        app, sockets, listen=_address(web), threads=threads, connection_limit=threads + _IDLE,
        max_request_header_size=_HEADERS_MAX, max_request_body_size=web.body_max + 1,
        channel_request_lookahead=1, outbuf_high_watermark=UNREAD_MAX, channel_timeout=_IDLE_FOR, ident=None,
    )  # fmt: skip
    for one in sockets.values():
        if isinstance(one, BaseWSGIServer):
            one.channel_class = Channel
    serving = threading.Thread(target=server.run, name="waitress", daemon=True)
    serving.start()
    ready()
    while serving.is_alive() and not stop.wait(_LOOK):
        pass
    live.close()
    server.task_dispatcher.shutdown(timeout=GRACE)


def _share_heap() -> None:
    """One heap for the threads that are still to come; nothing is to be done where the C library has one anyhow."""
    if mallopt := getattr(ctypes.CDLL(None), "mallopt", None):
        mallopt(_ARENA_MAX, 1)
