"""When a domain's batch is ripe, and how much of it.

Contract: a domain of a batched lane is ripe

- at ``size`` messages, and then in multiples of ``size`` (``size``);
- when its oldest has waited ``max_wait``, up to ``size`` messages (``wait``);
- when the slack of one of them is down to the lane's ``lead``: that message and every other such,
  filled up to ``size`` with its domain mates (``deadline``);
- for as long as a batch has begun to leave and its rest is owed (``rest``).

Several of these at once make one candidate, as large as the largest of them and never larger than
what the domain holds. ``promote_at`` makes nothing ripe: it lifts ripe mail that waits for room.

Streams: Postfix and Sendmail open connections, we do not. ``streams`` parallel connections to a
domain are the transport's to keep (``<transport>_destination_concurrency_limit``, which
``lanes setup`` writes), and no planner could: a wave of 100 may use one connection or 20. What the
transport cannot do is keep a slow domain with a large backlog from filling the window, since it
never refuses mail; so the planner lets no more than ``streams`` batches of ``size`` be in flight to
one domain, enough to keep every stream busy. Where the MTA has learned worse of a domain, or it
backs off, its :attr:`~lanes.schedule.view.Domain.limit` takes the place of that product.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import chain

from lanes.config.model import Batch, Lane
from lanes.schedule.line import Candidate, promoted
from lanes.schedule.view import Domain, Due, LaneView


def ripe(view: LaneView, lane: Lane, batch: Batch, place: int, now: float) -> list[Candidate]:
    """The line of a batched lane: its ripe domains, the most urgent first."""
    heads = _by_domain(view.heads)
    domains = _domains(chain(view.full, view.waited, view.begun, view.near))
    names = dict.fromkeys([*domains, *heads])
    found = (
        _candidate(view.lane, domains.get(name, Domain(name, 0, 0.0)), heads[name], lane, batch, place, now)
        for name in names
    )
    return sorted((one for one in found if one.amount > 0), key=lambda one: one.urgency)


def _candidate(
    name: str, domain: Domain, heads: list[Due], lane: Lane, batch: Batch, place: int, now: float
) -> Candidate:
    deadline = _deadline(domain, heads, lane, now)
    due = tuple(head.id for head in heads if head.deadline - now <= lane.lead)
    reasons = _reasons(domain, due, deadline, lane, batch, now)
    up = promoted(deadline, lane, place, now)
    reason = "promoted" if up and "deadline" not in reasons else next(iter(reasons), "")
    count = min(max(reasons.values(), default=0), _allowed(domain, batch))
    accepted = domain.oldest or deadline - lane.sla
    return Candidate(place - up, deadline, accepted, name, domain.name, count, reason, due)


def _reasons(
    domain: Domain, due: tuple[str, ...], deadline: float, lane: Lane, batch: Batch, now: float
) -> dict[str, int]:
    """Reason -> how many it lets go; the most urgent reason first."""
    near = bool(due) or deadline - now <= lane.lead
    waited = domain.oldest > 0 and now - domain.oldest >= batch.max_wait
    amounts = {
        "deadline": max(batch.size, len(due)) if near else 0,
        "wait": batch.size if waited else 0,
        "size": domain.held // batch.size * batch.size,
        "rest": domain.owed,
    }
    return {reason: amount for reason, amount in amounts.items() if amount}


def _allowed(domain: Domain, batch: Batch) -> int:
    limit = batch.size * batch.streams if domain.limit is None else domain.limit
    room = max(limit - domain.inflight, 0)
    return min(room, domain.held) if domain.held else room


def _deadline(domain: Domain, heads: list[Due], lane: Lane, now: float) -> float:
    """The earliest deadline that is known: a head's, or the latest that the oldest message can have."""
    latest = (domain.oldest or now) + lane.sla
    return min((head.deadline for head in heads), default=latest)


def _by_domain(heads: Iterable[Due]) -> defaultdict[str, list[Due]]:
    groups: defaultdict[str, list[Due]] = defaultdict(list)
    for head in heads:
        groups[head.domain].append(head)
    return groups


def _domains(seen: Iterable[Domain]) -> dict[str, Domain]:
    """Each domain once, with all that is known of it from the places where it was seen."""
    merged: dict[str, Domain] = {}
    for one in seen:
        merged[one.name] = _merge(merged[one.name], one) if one.name in merged else one
    return merged


def _merge(one: Domain, other: Domain) -> Domain:
    limits = [limit for limit in (one.limit, other.limit) if limit is not None]
    return Domain(
        one.name,
        max(one.held, other.held),
        max(one.oldest, other.oldest),
        max(one.owed, other.owed),
        max(one.inflight, other.inflight),
        min(limits, default=None),
    )
