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

import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain

from lanes.config.model import Batch
from lanes.schedule.line import Candidate, Standing
from lanes.schedule.view import Domain, Due, LaneView


def ripe(view: LaneView, at: Standing, batch: Batch) -> list[Candidate]:
    """The line of a batched lane: its ripe domains, the most urgent first."""
    heads = _by_domain(view.heads)
    domains = _domains(chain(view.full, view.waited, view.begun, view.near))
    alone = (_alone(head, at) for head in heads.pop("", ()) if at.due(head.deadline))
    found = (
        _candidates(domains.get(name, Domain(name, 0, 0.0)), heads[name], at, batch)
        for name in dict.fromkeys([*domains, *heads])
    )
    return sorted(chain(alone, *found), key=lambda one: one.urgency)


def _alone(head: Due, at: Standing) -> Candidate:
    """Mail to no domain (``RCPT TO:<postmaster>``) has no mates."""
    return Candidate(at.place - at.promotes(head.deadline), head.deadline, head.accepted, at.name, "", 1,
                     "deadline", (head.id,))


def _candidates(domain: Domain, heads: list[Due], at: Standing, batch: Batch) -> Iterator[Candidate]:
    """What is ripe of a domain: its most urgent batch, and whole batches behind it, which are
    younger and so wait their turn behind the first batches of other domains."""
    deadline = _deadline(domain, heads, at)
    due = tuple(head.id for head in heads if at.due(head.deadline))
    reasons = _reasons(domain, due, deadline, at, batch)
    ripe = min(max(reasons.values(), default=0), domain.held or sys.maxsize)
    first = min(ripe, max(domain.owed or batch.size, len(due)))
    allowed = _allowed(domain, batch)
    now = min(first, allowed)
    if now:
        up = at.promotes(deadline)
        reason = "promoted" if up and "deadline" not in reasons else next(iter(reasons))
        accepted = domain.oldest or deadline - at.lane.sla
        yield Candidate(at.place - up, deadline, accepted, at.name, domain.name, now, reason, due, first - now)
    if later := min(ripe, allowed) - now:
        yield Candidate(at.place, at.now + at.lane.sla, at.now, at.name, domain.name, later, "size")


def _reasons(domain: Domain, due: tuple[str, ...], deadline: float, at: Standing, batch: Batch) -> dict[str, int]:
    """Reason -> how many messages it lets go; the most urgent reason first."""
    waited = domain.oldest > 0 and at.now - domain.oldest >= batch.max_wait
    whole = max(domain.held - domain.owed, 0) // batch.size * batch.size
    amounts = {
        "deadline": max(batch.size, len(due)) if due or at.due(deadline) else 0,
        "wait": batch.size if waited else 0,
        "size": whole + domain.owed if whole else 0,
        "rest": domain.owed,
    }
    return {reason: amount for reason, amount in amounts.items() if amount}


def _allowed(domain: Domain, batch: Batch) -> int:
    """How many more may be in flight to it."""
    limit = batch.size * batch.streams if domain.limit is None else domain.limit
    return max(limit - domain.inflight, 0)


def _deadline(domain: Domain, heads: list[Due], at: Standing) -> float:
    """The earliest deadline that is known: a head's, or the latest that the oldest message can have."""
    latest = (domain.oldest or at.now) + at.lane.sla
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
