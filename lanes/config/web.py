"""The settings of the API, the dashboard and ``/metrics``: ``[web]``."""

from __future__ import annotations

from typing import Literal

from msgspec import field

from lanes.config.section import Section
from lanes.config.units import Bytes

Scope = Literal["read", "operate"]


class Token(Section, frozen=True):
    """Somebody who may ask, and what for; ``lanes token`` makes one."""

    scope: Scope
    """``operate`` may also release, promote and pause."""
    sha256: str
    """The token's SHA-256 in hex: the token itself is written down nowhere."""


class Web(Section, frozen=True):
    """Where the API listens, and what it may be asked."""

    listen: str
    """``ADDRESS:PORT``; empty: nowhere."""
    threads: int
    """Requests that are answered at once ..."""
    streams: int
    """... and how many may watch besides."""
    body_max: Bytes
    rate: int
    """Requests a minute from one address."""
    tokens: dict[str, Token] = field(default_factory=dict)

    @property
    def host(self) -> str:
        """The address to bind to."""
        return self.listen.rpartition(":")[0].strip("[]") or "127.0.0.1"

    @property
    def port(self) -> int:
        """The port to bind to."""
        return int(self.listen.rpartition(":")[2])
