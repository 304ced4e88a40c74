"""Relays as types, and how one is chosen: ``[relays.NAME]``, ``[roads]`` and ``[budgets.NAME]``.

As in ``model.py``, structure and units only. A relay and a budget are tables that a user adds, so what its
author leaves out has its default here; the values of ``[roads]`` are in ``defaults.toml``, which documents all.
"""

from __future__ import annotations

from typing import Literal

from msgspec import field

from lanes.config.section import Section
from lanes.config.units import Seconds

Preference = Literal["speed", "balanced", "economy"]


class Rate(Section, frozen=True):
    """How much a relay takes in some time."""

    messages: int
    """So many messages ..."""
    period: Seconds
    """... in so long."""


class Relay(Section, frozen=True):
    """A named way out, and what it costs."""

    transport: str
    cost: float
    """Price per delivered message, in the site's currency (``roads.currency``)."""
    nexthop: str = ""
    """Where the transport leads; empty: to each recipient's MX."""
    region: str = ""
    """Where it is; empty: nowhere in particular."""
    rate: Rate | None = None
    """None: as much as comes."""
    concurrency: int = 20
    """Messages that it takes at once (Postfix: ``<transport>_destination_concurrency_limit``)."""
    weight: float = 1.0
    """How many times better than it is it is taken to be."""
    preference: Preference | None = None
    """The only preference that it serves; None: all."""


class Weights(Section, frozen=True):
    """What counts how much in the score of ``balanced``."""

    latency: float
    success: float
    cost: float
    depth: float
    region: float


class Roads(Section, frozen=True):
    """How a relay is chosen, and when one is left alone."""

    currency: str
    failures: int
    """So many faults on end, and a relay is left alone ..."""
    backoff: Seconds
    """... for so long, the next time for twice as long ..."""
    backoff_max: Seconds
    """... up to this."""
    probes: int
    """So many messages then try it, and all have to be delivered."""
    margin: float
    """The part by which another relay has to be better before mail moves to it."""
    explore: Seconds
    """A relay that might be better, but was not tried for so long, is given a message."""
    geo_database: str
    """A file that says in which country an address is, in MaxMind's format; empty: none."""
    weights: Weights
    regions: dict[str, str] = field(default_factory=dict)
    """Recipient domain (with those below it), or TLD -> region."""


class Budget(Section, frozen=True):
    """What may be spent in a day (of UTC), on a lane's or a sender's mail, or on that of both."""

    amount: float
    """In the site's currency."""
    lane: str | None = None
    sender: str | None = None
    """An address, a domain, or ``*.domain``."""
