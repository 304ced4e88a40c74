"""What the planner sees, and what it answers: plain values.

Instants are Unix time in seconds; a *head* is the first few members of a sorted set, in order.
"""

from __future__ import annotations

from typing import NamedTuple


class Due(NamedTuple):
    """A held message at the head of its lane."""

    id: str
    deadline: float
    domain: str


class Domain(NamedTuple):
    """A recipient domain of which a batched lane holds mail."""

    name: str
    held: int
    """How many messages wait for it; 0 where this was not asked."""
    oldest: float
    """When the oldest of them was accepted."""


class LaneView(NamedTuple):
    """One lane, as the store shows it at one instant."""

    lane: str
    held: int
    releasing: int
    inflight: int
    heads: tuple[Due, ...]
    """The held messages with the earliest deadlines, earliest first."""
    full: tuple[Domain, ...] = ()
    """Domains that hold at least a batch, the largest first."""
    waited: tuple[Domain, ...] = ()
    """Domains whose oldest message has waited ``max_wait``, the longest first."""


class Wave(NamedTuple):
    """A release to be made: the named messages first, filled up to ``count``.

    With a domain, filled from its batch by acceptance; without one, from the lane by deadline.
    """

    lane: str
    domain: str
    count: int
    reason: str
    """Why now, in a word: ``size``, ``wait``, ``deadline``, ``turn``, ``promoted``, ``hand``."""
    ids: tuple[str, ...] = ()
