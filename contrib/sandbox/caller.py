"""Somebody who asks an HTTP server, as programs do.

Failure: :class:`OSError` if it is not there. What it answers is never an error here.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from email.message import Message
from typing import Any, NamedTuple


class Answer(NamedTuple):
    """What was answered."""

    status: int
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)


class Caller:
    """Asks one server; ``token``, if there is one, is shown each time."""

    def __init__(self, url: str, token: str = "", timeout: float = 30.0) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._timeout = timeout

    def get(self, path: str) -> Answer:
        """Ask for what is there."""
        return self._call("GET", path, None, {})

    def post(self, path: str, body: object = None) -> Answer:
        """Ask for something to be done; a body is sent as JSON, bytes as a message."""
        if isinstance(body, bytes):
            return self._call("POST", path, body, {"Content-Type": "message/rfc822"})
        data = b"" if body is None else json.dumps(body).encode()
        return self._call("POST", path, data, {"Content-Type": "application/json"})

    def _call(self, method: str, path: str, data: bytes | None, headers: dict[str, str]) -> Answer:
        asked = urllib.request.Request(  # noqa: S310 - it is our own server's
            self._url + path, data, {**self._headers, **headers}, method=method
        )
        try:
            answer = urllib.request.urlopen(asked, timeout=self._timeout)  # noqa: S310
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            return Answer(answer.status, answer.headers, answer.read())
