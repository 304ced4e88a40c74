"""Somebody who watches a stream of server-sent events, over a plain socket.

Contract: events come as they were sent (WHATWG HTML, 9.2). Failure: :class:`OSError`, :class:`ConnectionError` if the
stream was not begun, and ``TimeoutError`` if nothing comes.
"""

from __future__ import annotations

import http.client
from collections.abc import Iterator, Mapping
from typing import NamedTuple, Self
from urllib.parse import urlsplit


class Event(NamedTuple):
    """A server-sent event."""

    kind: str
    data: str


class Watcher:
    """A stream; a context manager that closes it, or closes the connection in the middle of it."""

    def __init__(self, url: str, headers: Mapping[str, str] | None = None, timeout: float = 30.0) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.netloc, timeout=timeout)
        self._connection.request("GET", parts.path, headers=dict(headers or {}))
        self.answer = self._connection.getresponse()

    @property
    def status(self) -> int:
        """What was answered."""
        return self.answer.status

    def events(self) -> Iterator[Event]:
        """Events as they come, until the stream ends."""
        fields: dict[str, str] = {}
        for line in map(bytes.decode, self.answer):
            name, colon, value = line.rstrip("\n").partition(":")
            if colon:
                fields[name] = value.removeprefix(" ")
            elif "data" in fields:
                yield Event(fields["event"], fields["data"])
                fields = {}

    def close(self) -> None:
        """Go away."""
        self.answer.close()
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
