"""By which relay a message goes: the choice, pure.

Who may be chosen
    Relays that serve the message's preference: those without one of their own, and those with this one. If
    there are none, the MTA's own routing is used (the empty name).
Who is healthy
    Relays whose breaker is closed (:mod:`lanes.routes.health`). While one of them is, no other is chosen but
    for a probe; and while one of them has room, none is that has as much on its way as its ``rate`` lets
    through in a period. Without any, it is the one that will be tried again first.
Who is best
    ``speed``     the least :func:`seconds`, so far as half a second makes a difference.
    ``economy``   the cheapest; of several, as for ``speed``.
    ``balanced``  the highest :func:`score`.
    ``weight`` multiplies how good a relay is, or divides what it costs. Of those that are as good, but for
    ``margin``, ``speed`` takes the dearest, as the one that is paid for it; the others, of equals, the cheapest.
Who was chosen last
    stays, unless another is better by ``margin``. So near-equals do not flap.
Whom the message wants
    (a recipient's preferred relay, or one that a rule asks for) is taken if it is healthy, whatever it serves;
    also if it is not, where nobody else is there.
Whom to try
    A relay that is half open gets a message, and when that was taken the other probes that it is to pass. One
    that would be better if it were fast, but was not tried for ``explore``, gets a message, too. Of urgent mail,
    and of mail that could go elsewhere at once, one message in ten may be the one. So a relay that has recovered
    is found again, nobody is flooded to find out, and who pays if it has not is seldom in a hurry.

Contract: never raises; takes time and chance as arguments. Durations are seconds, prices the site's currency.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lanes.config.relays import Relay, Roads
from lanes.message import Evidence, printable
from lanes.routes.health import Breaker, Condition, breaker

#: Seconds that nobody notices in a delivery: faster than that is no faster.
GRAIN = 0.5
#: Seconds that relays are taken to need while nothing is known of any, so that they, too, can be full.
_UNKNOWN = 1.0
#: A millionth: what is free costs as good as nothing, what is fast takes as good as no time.
_TINY = 1e-6
#: The part of messages that may try a relay of which nothing is known by now.
_TRIES = 0.1
_CHARS = 80


class Request(NamedTuple):
    """What a message asks of its road."""

    preference: str
    """``speed``, ``balanced`` or ``economy``."""
    region: str = ""
    """Where it goes; empty: not known."""
    wanted: str = ""
    """The relay that it is to take, if that is healthy; empty: any."""
    last: str = ""
    """The one that was chosen for the like of it before."""
    chance: float = 1.0
    """A random number from 0 to 1: whether it may be the one that tries a relay."""


class Road(NamedTuple):
    """A relay, and how it is now."""

    name: str
    terms: Relay
    condition: Condition
    breaker: Breaker
    mean: float = _UNKNOWN
    """Seconds that a delivery takes on average, or may be taken to."""

    @property
    def latency(self) -> float:
        """Seconds that a delivery takes; if that is more, for which half of what is under way has been."""
        return max(self.mean, self.condition.waiting)

    @property
    def has_room(self) -> bool:
        """Whether its rate lets more through."""
        return self.terms.rate is None or self.condition.depth < self.terms.rate.messages


class Choice(NamedTuple):
    """A relay, and why; an empty name: the MTA's own routing."""

    relay: str
    evidence: tuple[Evidence, ...] = ()
    usual: str = ""
    """The relay that the like of it takes, also if this one is only to try another; empty: there is no such."""


def roads(relays: Mapping[str, Relay], conditions: Mapping[str, Condition], now: float) -> list[Road]:
    """The relays as they are now. One of which nothing is known is healthy, and as fast as the fastest."""
    known = {name: conditions.get(name) or Condition() for name in relays}
    measured = (one.health.latency for one in known.values() if one.health.is_measured)
    fastest = min(measured, default=_UNKNOWN)
    means = {name: one.health.latency if one.health.is_measured else fastest for name, one in known.items()}
    return [Road(name, relays[name], one, breaker(one.health, now), means[name]) for name, one in known.items()]


class Best(NamedTuple):
    """What the parts of a score are compared with."""

    latency: float
    """The fastest relay's."""
    cost: float
    """The cheapest relay's price."""

    @classmethod
    def of(cls, some: Sequence[Road]) -> Best:
        """Of some relays."""
        return cls(min(road.latency for road in some), min(road.terms.cost for road in some))


def seconds(road: Road) -> float:
    """Seconds until one more message is delivered: what it takes, after what is in front of it."""
    condition, terms = road.condition, road.terms
    queued = road.mean * max(1.0, (condition.depth + 1) / terms.concurrency)
    paced = condition.depth * terms.rate.period / terms.rate.messages if terms.rate else 0.0
    return max(queued, paced, condition.waiting)


def score(road: Road, best: Best, terms: Roads, region: str) -> float:
    """What ``balanced`` goes by, from 0 to 1: five parts, each from 0 to 1, in their weights' proportion.

    =========  ====================================================================
    latency    the fastest's (latency + half a second) / its own
    success    the part of its deliveries that did not fail by its fault
    cost       the cheapest's price / its own
    depth      1 / (1 + messages on their way / concurrency)
    region     1 in the recipient's region, 0 in another, 0.5 if that is not known
    =========  ====================================================================
    """
    weights, own = terms.weights, road.terms
    total = weights.latency + weights.success + weights.cost + weights.depth + weights.region
    return (
        weights.latency * (best.latency + GRAIN) / (road.latency + GRAIN)
        + weights.success * road.condition.health.success
        + weights.cost * (best.cost + _TINY) / (own.cost + _TINY)
        + weights.depth / (1 + road.condition.depth / own.concurrency)
        + weights.region * ((own.region == region) if own.region and region else 0.5)
    ) / total  # fmt: skip


def choose(request: Request, all_roads: Sequence[Road], terms: Roads, now: float) -> Choice:
    """The relay for a message. ``now`` is Unix time in seconds."""
    wanted = next((road for road in all_roads if road.name == request.wanted), None)
    if wanted and wanted.breaker is Breaker.CLOSED:
        return Choice(wanted.name, (Evidence("relay", wanted.name, f"relay {wanted.name}: asked for"),))
    if wanted:
        said = Evidence("relay", f"{wanted.name} {_state(wanted)}", f"{wanted.name} was asked for")
        other = choose(request._replace(wanted=""), all_roads, terms, now)
        return other._replace(relay=other.relay or wanted.name, evidence=(said, *other.evidence))
    serving = [road for road in all_roads if road.terms.preference in (None, request.preference)]
    if not serving:
        return Choice("")
    healthy = [road for road in serving if road.breaker is Breaker.CLOSED]
    if not healthy:
        return _least_bad(serving, terms, now)
    field = _Field([road for road in healthy if road.has_room] or healthy, request, terms)
    usual, why = field.best()
    may_try = request.chance < _TRIES
    if (may_try or request.preference != "speed") and (probe := _probe(serving, terms)) is not None:
        return field.choice(probe.name, "a probe of a relay that was down", serving, usual)
    if may_try and (maybe := field.maybe_better(usual, now)) is not None:
        return field.choice(maybe.name, f"was not tried for {terms.explore}", serving, usual)
    return field.choice(usual, why, serving, usual)


def _probe(serving: Sequence[Road], terms: Roads) -> Road | None:
    """A relay that is half open, and has no more messages under way than it may: see :func:`probes`."""
    return next((road for road in serving if road.condition.depth < probes(road, terms)), None)


def probes(road: Road, terms: Roads) -> int:
    """How many messages may try a relay at once: none unless it is half open; then one, and after that the rest."""
    if road.breaker is not Breaker.HALF_OPEN:
        return 0
    left = road.condition.health.probing
    return left if left < terms.probes else 1


def _least_bad(serving: Sequence[Road], terms: Roads, now: float) -> Choice:
    """Nobody is healthy: a probe if one is due, else who will be tried again first."""
    road = _probe(serving, terms) or min(
        serving, key=lambda one: (one.condition.health.open_until, one.terms.cost, one.name)
    )
    again = max(road.condition.health.open_until - now, 0.0)
    saw = printable(", ".join(f"{one.name} {_state(one)}" for one in serving), _CHARS)
    why = f"relay {road.name}: none is healthy; it is tried again first, in {again:.0f}s"
    return Choice(road.name, (Evidence("relay", saw, why),), road.name)


class _Field:
    """Those who are compared for one message."""

    def __init__(self, healthy: Sequence[Road], request: Request, terms: Roads) -> None:
        self._request = request
        self._terms = terms
        self._roads = healthy
        if request.preference == "economy":
            least = min(map(_price, healthy))
            self._roads = [road for road in healthy if _price(road) <= least]
        self._best = Best.of(self._roads)
        self._merits = {road.name: self._merit(road) for road in self._roads}

    def _merit(self, road: Road) -> float:
        if self._request.preference == "balanced":
            return road.terms.weight * score(road, self._best, self._terms, self._request.region)
        return road.terms.weight / (seconds(road) + GRAIN)

    def best(self) -> tuple[str, str]:
        """The one that is best, or stays though another is a little better; and why."""
        merits, last = self._merits, self._request.last
        top = max(merits.values())
        near = [road for road in self._roads if merits[road.name] * (1 + self._terms.margin) >= top]
        if self._request.preference == "speed":
            best = max(near, key=lambda road: (road.terms.cost, merits[road.name], road.name)).name
        else:
            best = max(near, key=lambda road: (merits[road.name], -road.terms.cost, road.name)).name
        if last != best and any(road.name == last for road in near):
            return last, "as before, none is clearly better"
        return best, _WHY[self._request.preference]

    def maybe_better(self, usual: str, now: float) -> Road | None:
        """One that might be better than the usual one, and was not tried for long."""
        since = now - self._terms.explore
        idle = (road for road in self._roads if road.name != usual and not road.condition.depth
                and road.condition.health.tried_at <= since)
        return next((road for road in idle if self._merit(_fast(road)) > self._merits[usual]), None)

    def choice(self, name: str, why: str, serving: Sequence[Road], usual: str) -> Choice:
        """With the candidates and what they were compared by, the best first, as evidence."""
        by_price = self._request.preference == "economy"
        ranked = sorted(serving, key=lambda road: (
            road.breaker is not Breaker.CLOSED, _price(road) if by_price else -self._merits.get(road.name, -1.0),
        ))
        saw = printable(", ".join(f"{road.name} {self._figure(road)}" for road in ranked), _CHARS)
        return Choice(name, (Evidence("relay", saw, f"relay {name}: {why}"),), usual)

    def _figure(self, road: Road) -> str:
        if road.breaker is not Breaker.CLOSED:
            return _state(road)
        if not road.has_room:
            return "full"
        if self._request.preference == "economy":
            return f"{road.terms.cost:g}"
        return f"{self._merit(road):.2f}" if self._request.preference == "balanced" else f"{seconds(road):.2f}s"


_WHY = {"speed": "the fastest", "balanced": "the best score", "economy": "the cheapest"}


def _price(road: Road) -> float:
    return road.terms.cost / road.terms.weight


def _state(road: Road) -> str:
    return "down" if road.breaker is Breaker.OPEN else road.breaker.value


def _fast(road: Road) -> Road:
    """It, if it were as fast as can be."""
    return road._replace(mean=_TINY, condition=Condition(road.condition.health))
