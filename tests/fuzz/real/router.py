"""The router's socket: a real ``lanes router``, and clients that send it anything.

What must hold: the router lives, and does not grow; who does not speak the protocol is hung up on; another client's
questions are answered as ever.
"""

from __future__ import annotations

import contextlib
import socket
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from contrib.sandbox.asker import Asker
from tests.fuzz.real.program import Program

_SETTINGS = """
router.listen = "unix:FOLDER/router.sock"
milter.group = "root"
mta.own_domains = ["example.com"]
[relays.economy]
transport = "economy"
nexthop = "[192.0.2.1]:2525"
cost = 0.001
"""
_ANSWERS = ("OK economy:[192.0.2.1]:2525", "NOTFOUND ")
#: Clients that are left open: more than the router keeps. MiB that it may grow by.
_LEFT_OPEN, _GROWTH = 300, 32


class Clients:
    """Bad clients, and a good one."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._listen = f"unix:{program.folder}/router.sock"
        self._open: deque[socket.socket] = deque()
        self._first = 0

    def __call__(self, data: bytes) -> None:
        """The first byte says in how large pieces the rest is sent, and whether the client stays."""
        size, stays = data[0] + 1 if data else 1, bool(data and data[0] % 2)
        client = Asker(self._listen, 5).socket
        self._open.append(client)
        with contextlib.suppress(OSError):
            for start in range(1, min(len(data), 8 * size), size):
                client.sendall(data[start : start + size])
            client.sendall(data[1 + 8 * size :])
            client.setblocking(False)
            client.recv(4096)
        while len(self._open) > _LEFT_OPEN * stays:
            self._open.popleft().close()
        self._program.must_live()

    def works(self) -> None:
        """A good client is answered, whoever else is there, and the router has not grown much."""
        with Asker(self._listen, 30) as asker:
            assert [asker.ask("lane-bulk", to) for to in ("a@example.net", "b@example.com")] == list(_ANSWERS)
        self._first = self._first or self._program.memory
        assert self._program.memory < self._first + _GROWTH, (self._first, self._program.memory)
        assert "cannot choose" not in self._program.log, self._program.log[-3000:]


@contextmanager
def clients() -> Iterator[tuple[Callable[[bytes], None], Callable[[], None]]]:
    """The target."""
    with Program("router", _SETTINGS) as program:
        running = Clients(program)
        yield running, running.works
