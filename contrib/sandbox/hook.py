"""A web server on loopback that remembers what was posted to it, and answers as it is told.

Contract: listens before ``with`` hands it out, and is gone after it. The waiting helper may be called from any
thread and raises :class:`TimeoutError` with what came.
"""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self

from contrib.sandbox.ports import LOOPBACK


class Posted(NamedTuple):
    """One POST."""

    at: float
    """When it had arrived, in Unix time."""
    path: str
    headers: dict[str, str]
    """By lower-case name."""
    body: bytes
    status: int
    """What it was answered."""

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


class Hook:
    """A receiver of webhooks; a context manager. With ``tls``, it speaks https."""

    def __init__(self, tls: ssl.SSLContext | None = None, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._posts: list[Posted] = []
        self._arrival = threading.Condition()
        self._status, self._headers, self._slowness = 200, dict[str, str](), 0.0
        self._server = ThreadingHTTPServer((LOOPBACK, 0), self._handler())
        self._server.daemon_threads = True
        self._scheme = "https" if tls else "http"
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="hook", daemon=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{self._scheme}://{LOOPBACK}:{self._server.server_address[1]}"

    @property
    def posts(self) -> list[Posted]:
        """What came so far, also what was answered with an error."""
        with self._arrival:
            return list(self._posts)

    def answer(self, status: int, headers: dict[str, str] | None = None, slowness: float = 0.0) -> None:
        """From now on, answer so, ``slowness`` seconds after all has arrived."""
        self._status, self._headers, self._slowness = status, headers or {}, slowness

    def wait_for(self, wanted: Callable[[Posted], bool], what: str, timeout: float = 10.0) -> Posted:
        """The first POST that is ``wanted``."""

        def found() -> Posted | None:
            return next((post for post in self._posts if wanted(post)), None)

        with self._arrival:
            if post := self._arrival.wait_for(found, timeout):
                return post
            raise TimeoutError(f"waited {timeout:g} s for {what}; came: {[post.body for post in self._posts[-5:]]}")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                hook._take(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
                self._answer()

            def do_GET(self) -> None:
                self._answer()

            def _answer(self) -> None:
                time.sleep(hook._slowness)
                self.send_response(hook._status)
                for name, value in hook._headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler

    def _take(self, path: str, headers: dict[str, str], body: bytes) -> None:
        with self._arrival:
            self._posts.append(Posted(self._clock(), path, headers, body, self._status))
            self._arrival.notify_all()
