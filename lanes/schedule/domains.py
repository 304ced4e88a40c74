"""How a recipient domain takes our mail: it backs off as a whole, and we learn what it bears.

Contract: a frozen :class:`Health` per domain and pure steps; :func:`limit` is what the planner is
shown as :attr:`~lanes.schedule.view.Domain.limit`. What is learned never leaves the bounds that the
lane's ``batch`` sets: at most ``size`` messages a wave and ``streams`` waves at once, at least one.

Backing off. Greylisting (RFC 6647), throttling and overload are said of a message but meant for the
domain: one deferral of that kind closes the domain for ``first`` seconds, each further one, after it
was closed, for twice as long up to ``longest``. While it is closed nothing leaves for it; then one
message leaves as a probe. If it is delivered, the domain is open again; if not, it closes again.
What was under way when it closed neither opens nor closes it further. A full or unknown mailbox is
no fault of the domain (:func:`is_domains_fault`).

Learning is additive increase, multiplicative decrease, as in TCP (RFC 5681): a deferral halves the
wave's size (the domain was given too much at once), a whole wave without one adds an eighth of the
configured size. Deliveries that take more than twice as long as they did at best take a stream
away, faster ones give one back: a server that slows down under load has had enough of it.
"""

from __future__ import annotations

from typing import NamedTuple

from lanes.config.model import Batch
from lanes.config.model import Domains as Terms

#: Weight of the newest observation in the averages.
_NEWEST = 0.1
#: Deliveries this many times slower than the best mean that the domain is loaded.
_SLOW = 2.0
#: The best latency creeps up by this part of an observation, or one lucky delivery is for ever.
_FORGET = 0.001


class Backoff(NamedTuple):
    """How long a domain is left alone, in seconds."""

    first: float
    longest: float

    @classmethod
    def of(cls, terms: Terms) -> Backoff:
        """As the settings have it."""
        return cls(terms.backoff, terms.backoff_max)


class Tried(NamedTuple):
    """One delivery attempt to a domain."""

    at: float
    """When it ended."""
    deferred: bool
    """Whether it was put off, and the domain is to blame."""
    latency: float
    """Seconds for connecting and transmitting: ``c + d`` of Postfix's log."""


class Health(NamedTuple):
    """What is known of a domain. A domain of which nothing is known is ``Health.of(batch)``."""

    size: float
    """Messages a wave, as learned."""
    streams: float
    """Waves at once, as learned."""
    failures: int = 0
    """Times it was closed on end."""
    closed_until: float = 0.0
    deferral_rate: float = 0.0
    """Part of the attempts that were deferred, the recent ones weighing most."""
    latency: float = 0.0
    """Seconds an attempt takes, averaged likewise."""
    best: float = 0.0
    """What it takes when the domain is not loaded."""

    @classmethod
    def of(cls, batch: Batch) -> Health:
        """No bad experience: all that the settings allow."""
        return cls(float(batch.size), float(batch.streams))


def is_domains_fault(dsn: str) -> bool:
    """Whether a deferral speaks for the whole domain, by the subject of its status code.

    ``X.1.Y`` is about an address and ``X.2.Y`` about a mailbox (RFC 3463, section 3); everything
    else is about the system, the network, the protocol, the content or the policy.
    """
    return not dsn.startswith(("4.1.", "4.2."))


def step(health: Health, batch: Batch, backoff: Backoff, tried: Tried) -> Health:
    """What is known after an attempt. Attempts may be told late and in any order, each once."""
    health = _averaged(health, tried)
    if tried.deferred:
        return _closed(health, backoff, tried.at)
    if tried.at < health.closed_until:
        return health
    return _learned(health._replace(failures=0, closed_until=0.0), batch)


def limit(health: Health, now: float) -> int:
    """How many messages may be in flight to it: none while it is closed, one to probe, else what it bears."""
    if now < health.closed_until:
        return 0
    if health.failures:
        return 1
    return int(health.size) * int(health.streams)


def _averaged(health: Health, tried: Tried) -> Health:
    rate = health.deferral_rate + _NEWEST * (tried.deferred - health.deferral_rate)
    if tried.deferred:
        return health._replace(deferral_rate=rate)
    latency = health.latency + _NEWEST * (tried.latency - health.latency) if health.latency else tried.latency
    best = min(health.best + _FORGET * (latency - health.best), latency) if health.best else latency
    return health._replace(deferral_rate=rate, latency=latency, best=best)


def _closed(health: Health, backoff: Backoff, at: float) -> Health:
    """Closed (again), unless it was closed already when the attempt ended."""
    if at < health.closed_until:
        return health
    seconds = min(backoff.first * 2.0 ** min(health.failures, 60), backoff.longest)
    return health._replace(
        size=max(health.size / 2, 1.0), failures=health.failures + 1, closed_until=at + seconds
    )


def _learned(health: Health, batch: Batch) -> Health:
    """One delivery more: a wave's worth of these adds an eighth of the size, and a stream either way."""
    share = 1 / max(health.size, 1.0)
    loaded = health.latency > _SLOW * health.best
    return health._replace(
        size=min(health.size + batch.size / 8 * share, float(batch.size)),
        streams=min(max(health.streams + (-share if loaded else share), 1.0), float(batch.streams)),
    )
