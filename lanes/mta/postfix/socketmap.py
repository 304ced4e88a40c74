"""The socketmap protocol, as a server speaks it: one request, one reply, each a netstring. No sockets here.

Contract: pure, and strict. A netstring is ``LENGTH:BYTES,`` with a length in decimal digits, without a zero in
front, and at most :data:`MOST`. What breaks that raises :class:`ProtocolError` as soon as it is seen, so no more
is kept than one request of that length; so does a client that says more before it was answered.

Source: socketmap_table(5), and https://cr.yp.to/proto/netstrings.txt.
"""

from __future__ import annotations

import re
from typing import NamedTuple

#: Bytes of a request. An address has at most 512 characters, or its domain would be longer than any (RFC 5321, 4.5.3).
MOST = 4096
_LENGTH = re.compile(rb"0|[1-9]\d{0,3}")

NOT_FOUND = b"NOTFOUND "


class ProtocolError(Exception):
    """The client does not speak the protocol; says what it sent."""


class Request(NamedTuple):
    """A question: what ``key`` is in the table ``map``."""

    map: str
    key: str


class Netstrings:
    """Takes bytes in pieces of any size, and gives back the string when it is whole."""

    def __init__(self) -> None:
        self._pending = b""

    def feed(self, data: bytes) -> bytes | None:
        """The string that ends with these bytes; None if it has not ended. Raises :class:`ProtocolError`."""
        pending = self._pending + data
        digits, colon, rest = pending.partition(b":")
        if digits and not _LENGTH.fullmatch(digits):
            raise ProtocolError(f"no length: {digits[:16]!r}")
        if not colon:
            self._pending = pending
            return None
        length = int(digits) if digits else -1
        if not 0 <= length <= MOST:
            raise ProtocolError(f"no length up to {MOST}: {digits!r}")
        return self._whole(pending, rest, length)

    def _whole(self, pending: bytes, rest: bytes, length: int) -> bytes | None:
        if len(rest) <= length:
            self._pending = pending
            return None
        if rest[length:] != b",":
            raise ProtocolError(f"no comma, or something after it: {rest[length : length + 16]!r}")
        self._pending = b""
        return rest[:length]


def netstring(content: bytes) -> bytes:
    """As it goes over the wire."""
    return b"%d:%b," % (len(content), content)


def request(content: bytes) -> Request:
    """The request in a netstring. Raises :class:`ProtocolError`."""
    name, space, key = content.decode("utf-8", "surrogateescape").partition(" ")
    if not (name and space and key):
        raise ProtocolError(f"no map and key: {content[:40]!r}")
    return Request(name, key)


def found(value: str) -> bytes:
    """The reply that the key has this value."""
    return b"OK " + value.encode("utf-8", "surrogateescape")
