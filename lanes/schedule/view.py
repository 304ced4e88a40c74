"""What the planner sees, and what it answers: plain values.

Instants are Unix time in seconds; a *head* is the first few members of a sorted set, in order.
A number that was not asked for is 0; the planner then assumes the most, and the claim takes what
is really there.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec


class Due(NamedTuple):
    """A held message at the head of its lane."""

    id: str
    deadline: float
    domain: str
    accepted: float = 0.0
    """When it was accepted; 0: not asked, and taken to be one SLA before its deadline."""


class Deferred(NamedTuple):
    """A message that the MTA could not deliver, and whose time to be tried again has come."""

    id: str
    lane: str
    domain: str


class Domain(NamedTuple):
    """A recipient domain of which a batched lane holds mail."""

    name: str
    held: int
    """How many messages wait for it; 0 where this was not asked."""
    oldest: float
    """When the oldest of them was accepted; 0 where this was not asked."""
    owed: int = 0
    """How many more are to follow of a batch that has begun to leave: the last :attr:`Wave.owed`."""
    inflight: int = 0
    """How many of its messages are being released or in flight."""
    limit: int | None = None
    """How many of them may be, as learned or while it backs off; None: what the lane allows."""


class LaneView(NamedTuple):
    """One lane, as the store shows it at one instant."""

    lane: str
    held: int
    releasing: int
    inflight: int
    heads: tuple[Due, ...]
    """The held messages with the earliest deadlines, earliest first, ties by acceptance."""
    full: tuple[Domain, ...] = ()
    """Domains that hold at least a batch, the largest first."""
    waited: tuple[Domain, ...] = ()
    """Domains whose oldest message has waited ``max_wait``, the longest first."""
    begun: tuple[Domain, ...] = ()
    """Domains of which a part of a batch has left and the rest is owed, the most owed first."""
    near: tuple[Domain, ...] = ()
    """The domains of :attr:`heads` and :attr:`timely`, where these are batched."""
    late: int = 0
    """How many of the held messages are overdue."""
    timely: tuple[Due, ...] = ()
    """The earliest deadlines that can still be met (slack of at least half the lane's ``lead``),
    earliest first; of use only where more than a window of mail is late."""


class Wave(msgspec.Struct, frozen=True):
    """A release to be made: the named messages first, filled up to ``count``.

    With a domain, filled from its batch by acceptance; without one, from the lane by deadline.
    """

    lane: str
    domain: str
    count: int
    reason: str
    """Why now, in a word: ``size``, ``wait``, ``deadline``, ``rest`` (of a batch that has begun to
    leave), ``turn``, ``promoted``, ``hand``."""
    ids: tuple[str, ...] = ()
    owed: int = 0
    """How many more of this batch are due, for which there was no room: to be remembered by the
    claim and shown as :attr:`Domain.owed`, so that a batch whose first wave left it smaller than a
    batch does not wait for new company."""
