"""A wire that can be cut: a TCP relay between programs and a server's UNIX socket.

While it is cut, no byte passes either way and nobody is told: connections stay, and new ones are made and
hear nothing, as of a server that hangs. The relay is a process of its own (``python -m contrib.sandbox.link
HOST PORT SOCKET``), and cutting it is stopping that process. It may stand in a network that can be cut, too
(:mod:`contrib.sandbox.namespace`).

Contract: listens before ``with`` hands it out; where one side hangs up, so does the other.
Failure: :class:`TimeoutError` if it does not come up. While the server is away, connections are closed at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Self

from contrib.sandbox.namespace import Namespace
from contrib.sandbox.ports import LOOPBACK, free_port
from contrib.sandbox.wait import wait_until

_CHUNK = 65536


class Link:
    """A wire to the server on the socket ``far``; a context manager."""

    def __init__(self, far: Path, namespace: Namespace | None = None) -> None:
        self.host = namespace.address if namespace else LOOPBACK
        self.port = free_port()
        """Its near end."""
        self._inside = namespace.inside if namespace else []
        self._far = far

    def __enter__(self) -> Self:
        relay = [sys.executable, "-m", __name__, self.host, str(self.port), str(self._far)]
        self._process = subprocess.Popen([*self._inside, *relay])
        wait_until(self._listens, "the link to listen", 30)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def cut(self) -> None:
        """From now on, nothing passes."""
        self._process.send_signal(signal.SIGSTOP)

    def mend(self) -> None:
        """All passes, also what was sent meanwhile. Harmless if it was not cut."""
        self._process.send_signal(signal.SIGCONT)

    def _listens(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection((self.host, self.port), 1):
            return True
        return False


async def _relay(far: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.closing(writer), contextlib.suppress(OSError):
        far_reader, far_writer = await asyncio.open_unix_connection(far)
        with contextlib.closing(far_writer):
            ways = [asyncio.create_task(_pump(*ends)) for ends in ((reader, far_writer), (far_reader, writer))]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while data := await source.read(_CHUNK):
        target.write(data)
        await target.drain()


async def _serve(host: str, port: int, far: str) -> None:
    server = await asyncio.start_server(lambda reader, writer: _relay(far, reader, writer), host, port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
