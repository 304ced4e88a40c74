"""How a relay does: what the log of its deliveries teaches, and when it is left alone.

Contract: a frozen :class:`Health` per relay and pure steps. A relay of which nothing is known is
``Health()``. Deliveries may be told late, but each once. Instants are Unix time, durations seconds.

*Whose fault.* A relay is to blame for what it says of itself, the network, the protocol or its policy. What
is said of an address (``X.1.Y``), a mailbox (``X.2.Y``) or the content (``X.6.Y``; RFC 3463, section 3) is
said by a relay that does its part (:func:`is_relays_fault`). A relay without a next hop of its own meets
every destination's troubles, so there one destination counts once, however often it fails on end.

*The breaker* is closed as long as all is well. ``failures`` faults on end, or less than half of the
deliveries well done, open it: nothing more is given to the relay for ``backoff`` seconds, the next time for
twice as long, up to ``backoff_max``. Then it is half open: ``probes`` messages may try, and when all of them
were taken it is closed; one fault opens it again. What was under way when it opened does neither. A relay
that was well for ``backoff_max`` begins with ``backoff`` again. (M. Nygard, "Release It!", 2007, chapter 5.2.)

*Averages* are exponential. A delivery weighs a tenth, or more after a pause: what was measured long ago says
little about now, so that one message tells that a relay has recovered.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, NamedTuple

import msgspec
from msgspec import structs

from lanes.config.relays import Roads

#: Weight of the newest observation in the averages ...
_NEWEST = 0.1
#: ... and the seconds of silence after which it weighs 63 %.
_MEMORY = 10.0
#: The part of deliveries well done below which the breaker opens.
_HALF = 0.5
#: Deliveries that p95 is of.
_RECENT = 100
#: Subjects of status codes that are not the relay's doing: address, mailbox, content.
_OTHERS_FAULT = ("1", "2", "6")
#: What may become of an attempt.
RESULTS = ("sent", "deferred", "bounced")


class Breaker(StrEnum):
    """Whether a relay is given mail."""

    CLOSED = "closed"
    """It is healthy: all that it is chosen for."""
    OPEN = "open"
    """Nothing."""
    HALF_OPEN = "half-open"
    """A few probes."""


class Tried(NamedTuple):
    """One delivery attempt by a relay."""

    at: float
    """When it ended."""
    result: str
    """One of :data:`RESULTS`."""
    fault: str = ""
    """What was said, if the relay is to blame; empty: it did its part."""
    seconds: float | None = None
    """For connecting and transmitting, if it was delivered: ``c + d`` of Postfix's log."""
    destination: str = ""
    """The recipient's domain, where the relay goes to each one's own server; empty: to one next hop."""


#: What a number of ours can be; anything else is not one that we stored.
_Number = Annotated[float, msgspec.Meta(ge=0, le=1e12)]
_Count = Annotated[int, msgspec.Meta(ge=0, le=10**15)]


class Health(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What is known of a relay. Stored packed by position: append fields, never reorder."""

    latency: _Number = 0.0
    """Seconds that a delivery takes, averaged; 0: none was seen."""
    success: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1.0
    """Part of the attempts in which it did its part, averaged."""
    measured_at: _Number = 0.0
    """When it last delivered."""
    tried_at: _Number = 0.0
    """When it was last tried."""
    failures: _Count = 0
    """Faults on end."""
    blamed: tuple[str, ...] = ()
    """Destinations that they were about, where it has no next hop."""
    opened: _Count = 0
    """Times that the breaker opened, without a good while between."""
    open_until: _Number = 0.0
    probing: _Count = 0
    """Deliveries that are still to succeed before the breaker closes; 0: it is closed."""
    down_since: _Number = 0.0
    """When the breaker opened that is not closed yet; 0: it is."""
    error: str = ""
    """What was said at its last fault ..."""
    error_at: _Number = 0.0
    """... and when."""
    recent: tuple[_Number, ...] = ()
    """Seconds that its last deliveries took."""
    results: dict[str, _Count] = {}
    """Result -> attempts since the beginning."""

    @property
    def is_measured(self) -> bool:
        """Whether it was ever seen to deliver."""
        return self.measured_at > 0 or self.latency > 0

    @property
    def p95(self) -> float | None:
        """Of the seconds that recent deliveries took, by nearest rank; None if there were none."""
        rank = math.ceil(0.95 * len(self.recent))
        return sorted(self.recent)[rank - 1] if self.recent else None


class Condition(NamedTuple):
    """A relay as it is now."""

    health: Health = Health()
    depth: int = 0
    """Messages on their way by it; of a relay that is half open, those that went since."""
    waiting: float = 0.0
    """For how long half of them have been."""


def is_relays_fault(dsn: str) -> bool:
    """Whether a failure speaks against the relay, by its enhanced status code (``4.4.1``)."""
    return dsn.split(".")[1:2] not in ([subject] for subject in _OTHERS_FAULT)


def breaker(health: Health, now: float) -> Breaker:
    """How the breaker stands at an instant."""
    if not health.probing:
        return Breaker.CLOSED
    return Breaker.OPEN if now < health.open_until else Breaker.HALF_OPEN


def learned(health: Health, terms: Roads, attempts: Iterable[Tried]) -> Health:
    """What is known after some attempts, in order."""
    told = list(attempts)
    for tried in told:
        health = step(health, terms, tried)
    results = dict(health.results)
    for tried in told:
        results[tried.result] = results.get(tried.result, 0) + 1
    taken = tuple(tried.seconds for tried in told if tried.seconds is not None)
    return structs.replace(health, recent=(*health.recent, *taken)[-_RECENT:], results=results)


def step(health: Health, terms: Roads, tried: Tried) -> Health:
    """What the averages and the breaker make of one attempt."""
    if tried.fault and tried.destination and tried.destination in health.blamed:
        return structs.replace(health, tried_at=max(health.tried_at, tried.at))
    health = _averaged(health, tried)
    return _faulted(health, terms, tried) if tried.fault else _well(health, tried.at)


def _averaged(health: Health, tried: Tried) -> Health:
    success = health.success + _NEWEST * ((not tried.fault) - health.success)
    tried_at = max(health.tried_at, tried.at)
    if tried.seconds is None:
        return structs.replace(health, success=success, tried_at=tried_at)
    newest = max(_NEWEST, 1 - math.exp(-max(tried.at - health.measured_at, 0.0) / _MEMORY))
    latency = health.latency + newest * (tried.seconds - health.latency)
    measured_at = max(health.measured_at, tried.at)
    return structs.replace(health, success=success, tried_at=tried_at, latency=latency, measured_at=measured_at)


def _faulted(health: Health, terms: Roads, tried: Tried) -> Health:
    blamed = (*health.blamed, tried.destination) if tried.destination else ()
    health = structs.replace(health, failures=health.failures + 1, blamed=blamed[-terms.failures:],
                             error=tried.fault, error_at=max(health.error_at, tried.at))
    half_open = health.probing > 0
    enough = half_open or health.failures >= terms.failures or health.success < _HALF
    return _opened(health, terms, tried.at) if enough and tried.at >= health.open_until else health


def _opened(health: Health, terms: Roads, at: float) -> Health:
    """Open (again)."""
    again = health.opened if at - health.open_until <= terms.backoff_max else 0
    seconds = min(terms.backoff * 2.0 ** min(again, 60), terms.backoff_max)
    return structs.replace(health, opened=again + 1, open_until=at + seconds, probing=terms.probes, failures=0,
                           blamed=(), down_since=health.down_since or at)


def _well(health: Health, at: float) -> Health:
    """It did its part: one of the probes, or all as it should be."""
    if at < health.open_until:
        return health
    health = structs.replace(health, failures=0, blamed=())
    if not health.probing:
        return health
    if health.probing > 1:
        return structs.replace(health, probing=health.probing - 1)
    return structs.replace(health, probing=0, down_since=0.0, success=1.0)
