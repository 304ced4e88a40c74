"""The MTA's side of the milter protocol, as far as it takes to hand a filter mail without an MTA.

Contract: what the filter said it does not want, or does not answer, is not sent or not waited for, as Postfix and
Sendmail do it. Edits are read and dropped. Source: libmilter's ``mfdef.h``.

Failure: :class:`ConnectionError` if the filter hangs up, :class:`OSError` if it is not there.
"""

from __future__ import annotations

import socket
import struct
from typing import Self

from contrib.sandbox.tap import END, MACROS, NEGOTIATE, Packet

_CONNECT, _MAIL, _RCPT, _HEADER, _QUIT = b"C", b"M", b"R", b"L", b"Q"
_VERSION, _ACTIONS, _STEPS = 6, 0x1FF, 0x1FFFFF
#: What the filter does not want (SMFIP_NO*), and what it does not answer (SMFIP_NR_*), by command.
_UNWANTED = {_CONNECT: 0x1, _MAIL: 0x4, _RCPT: 0x8, _HEADER: 0x20}
_UNANSWERED = {_HEADER: 0x80, _CONNECT: 0x1000, _MAIL: 0x4000, _RCPT: 0x8000}
#: Replies that end a command: accept, continue, discard, reject, tempfail, a reply of one's own, skip.
_LAST = b"acdrtys"
_CLIENT = b"client.example.net\0004\x04\x01192.0.2.1\0"
_TIMEOUT = 60.0


class FilterSession:
    """One connection to the filter at a UNIX socket, as for one SMTP session; a context manager."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(_TIMEOUT)
        self._socket.connect(path)
        self._stream = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        self._write(NEGOTIATE, struct.pack("!III", _VERSION, _ACTIONS, _STEPS))
        _, _, self._agreed = struct.unpack("!III", self._read().data[:12])
        self._tell(_CONNECT, _CLIENT)
        return self

    def __exit__(self, *_: object) -> None:
        self._write(_QUIT)
        self._stream.close()
        self._socket.close()

    def hand_in(self, id: str, sender: str, recipient: str, headers: tuple[tuple[str, str], ...]) -> bytes:
        """One message, without a body; the letter of the filter's last word."""
        self._macros(_MAIL, "{client_addr}", "192.0.2.1")
        self._tell(_MAIL, _text(f"<{sender}>"))
        self._tell(_RCPT, _text(f"<{recipient}>"))
        for name, value in headers:
            self._tell(_HEADER, _text(name, value))
        self._macros(END, "i", id)
        self._write(END)
        return self._answer()

    def _macros(self, command: bytes, name: str, value: str) -> None:
        self._write(MACROS, command + _text(name, value))

    def _tell(self, command: bytes, data: bytes) -> None:
        if not self._agreed & _UNWANTED[command]:
            self._write(command, data)
            if not self._agreed & _UNANSWERED[command]:
                self._answer()

    def _answer(self) -> bytes:
        while (command := self._read().command) not in _LAST:
            pass
        return command

    def _write(self, command: bytes, data: bytes = b"") -> None:
        self._socket.sendall(struct.pack("!I", len(data) + 1) + command + data)

    def _read(self) -> Packet:
        length = self._stream.read(4)
        if len(length) < 4:
            raise ConnectionError("the filter hung up")
        body = self._stream.read(struct.unpack("!I", length)[0])
        return Packet(body[:1], body[1:])


def _text(*words: str) -> bytes:
    return b"".join(word.encode() + b"\0" for word in words)
