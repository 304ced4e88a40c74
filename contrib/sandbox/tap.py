"""A tap on the wire between the MTA and its filter: it listens in, and can disturb the line.

The tap takes the place of the filter's UNIX socket, hands every packet on, and remembers it. A packet
of the milter protocol is a length of four bytes, a command of one letter, and its data; the letters
are libmilter's ``SMFIC_*`` (from the MTA) and ``SMFIR_*`` (from the filter) of ``mfdef.h``.

Contract: while the tap is open, new sessions go by way of it; those that are there already do not.
Failure: none of its own: where one side hangs up, so does the other.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Self

#: Commands of the MTA.
NEGOTIATE, MACROS, END = b"O", b"D", b"E"
#: Replies of the filter.
CONTINUE, INSERT_HEADER, CHANGE_HEADER, HOLD = b"c", b"i", b"m", b"q"


class Packet(NamedTuple):
    """One packet of the milter protocol."""

    command: bytes
    data: bytes


class Tap:
    """A tap on the filter that listens at ``path``; a context manager. ``passes`` says which of the
    MTA's packets the filter gets to see."""

    def __init__(self, path: Path, passes: Callable[[Packet], bool] = lambda _: True) -> None:
        self._path = path
        self._behind = path.with_suffix(".behind")
        self._passes = passes
        self._flows = threading.Event()
        self._flows.set()
        self.from_mta: list[Packet] = []
        self.from_filter: list[Packet] = []

    def __enter__(self) -> Self:
        self._path.rename(self._behind)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self._path))
        self._path.chmod(0o666)
        self._listener.listen()
        threading.Thread(target=self._serve, name="tap", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._flows.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._behind.rename(self._path)

    def stall(self) -> None:
        """From now on, what the filter answers is on its way, but does not arrive."""
        self._flows.clear()

    def flow(self) -> None:
        """All of it arrives."""
        self._flows.set()

    def forget(self) -> None:
        """Forget what was said so far."""
        self.from_mta.clear()
        self.from_filter.clear()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                mta, _ = self._listener.accept()
                filter_ = socket.socket(socket.AF_UNIX)
                filter_.connect(str(self._behind))
                for way in ((mta, filter_, self._to_filter), (filter_, mta, self._to_mta)):
                    threading.Thread(target=_pump, args=way, name="tap", daemon=True).start()

    def _to_filter(self, packet: Packet) -> bool:
        self.from_mta.append(packet)
        return self._passes(packet)

    def _to_mta(self, packet: Packet) -> bool:
        self.from_filter.append(packet)
        self._flows.wait()
        return True


def _pump(source: socket.socket, target: socket.socket, through: Callable[[Packet], bool]) -> None:
    """Hand packets on until one side hangs up."""
    with contextlib.suppress(OSError), source.makefile("rb") as stream:
        while len(length := stream.read(4)) == 4:
            data = stream.read(int.from_bytes(length, "big"))
            if through(Packet(data[:1], data[1:])):
                target.sendall(length + data)
    for side in (source, target):
        with contextlib.suppress(OSError):
            side.shutdown(socket.SHUT_RDWR)
