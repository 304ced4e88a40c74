"""A client of the router, as Postfix is one: a connection that is kept, a question, an answer, the next question."""

from __future__ import annotations

import socket
from types import TracebackType
from typing import Self


class Asker:
    """One connection to where a router listens (``unix:PATH`` or ``inet:ADDRESS:PORT``); a context manager.

    Raises :class:`OSError`; :class:`EOFError` if the router hangs up.
    """

    def __init__(self, listen: str, timeout: float = 10.0) -> None:
        kind, _, rest = listen.partition(":")
        self.socket = socket.socket(socket.AF_UNIX if kind == "unix" else socket.AF_INET)
        self.socket.settimeout(timeout)
        host, _, port = rest.rpartition(":")
        self.socket.connect(rest if kind == "unix" else (host, int(port)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 traceback: TracebackType | None) -> None:
        self.socket.close()

    def ask(self, name: str, key: str) -> str:
        """The whole reply: ``OK transport:nexthop``, ``NOTFOUND ``."""
        question = f"{name} {key}".encode()
        self.socket.sendall(b"%d:%b," % (len(question), question))
        return self.hear()

    def hear(self) -> str:
        """The next reply."""
        reply = b""
        while not reply.endswith(b","):
            piece = self.socket.recv(4096)
            if not piece:
                raise EOFError("the router hung up")
            reply += piece
        return reply.partition(b":")[2][:-1].decode()
