"""A message in the simulator: what the trace says of it, and how far it is.

Contract: sorts by deadline, then by acceptance. Instants are in the trace's time (Unix time), durations seconds.
"""

from __future__ import annotations

import zlib

import msgspec

_LOTS = 2.0**32


class Mail(msgspec.Struct, order=True, gc=False):
    """One message on its way."""

    deadline: float
    accepted: float
    id: str
    lane: str
    domain: str = ""
    sender: str = ""
    sla: float | None = None
    """Its own time from acceptance to its deadline, if that was promised; None: the lane's."""
    seconds: float | None = None
    """What its delivery took, connecting and transmitting, as the trace tells; None: drawn."""
    deferrals: int = 0
    """How often the world puts it off, as the trace tells."""
    dsn: str = ""
    """What is said at that: an enhanced status code (RFC 3463)."""
    bounced: bool = False
    """Whether the world refuses it in the end, as the trace tells."""
    relay: str = ""
    """The relay that it was given; empty: the MTA's own routing."""
    arrived: float = 0.0
    """When its sender first offered it."""
    tries: int = 0
    """Attempts so far."""
    rounds: int = 0
    """Times that it was put off so far, also unseen."""
    queued: float = 0.0
    """When the queue manager took it up last."""
    retried: int = 0
    """How often it was taken from the deferred queue: tells an entry there that has aged."""
    deferred: bool = False
    """Whether it is in the MTA's deferred queue."""

    def lot(self, seed: int, what: str) -> float:
        """A number from 0 to 1 that depends on the message alone, so that whatever is done with it meets the
        same luck."""
        return zlib.crc32(f"{seed}:{self.id}:{self.tries}:{what}".encode()) / _LOTS
