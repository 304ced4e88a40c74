"""When a domain's batch is ripe, and how much of it.

Contract: a domain of a batched lane is ripe

- at ``size`` messages, and then in multiples of ``size`` (``size``);
- when its oldest has waited ``max_wait``, up to ``size`` messages (``wait``);
- when the slack of one of them is down to the lane's ``lead``: that message and every other such,
  filled up to ``size`` with its domain mates (``deadline``);
- for as long as a batch has begun to leave and its rest is owed (``rest``).

Several of these at once make one wave, as large as the largest of them and never larger than what
the domain holds. ``promote_at`` makes nothing ripe: it lifts ripe mail that waits for room. Where room
is short, a wave is made in the order of need: messages without slack first, then their mates.

A batch that finds no room for all of it leaves in parts, and a part that is left behind is no batch
by itself any more; so each wave says what it still owes, and the store shows it again.

Streams: Postfix and Sendmail open connections, we do not. ``streams`` parallel connections to a
domain are the transport's to keep (``<transport>_destination_concurrency_limit``, which
``lanes setup`` writes), and no planner could: a wave of 100 may use one connection or 20. What the
transport cannot do is keep a slow domain with a large backlog from filling the window, since it
never refuses mail; so the planner lets no more than ``streams`` batches of ``size`` be in flight to
one domain, enough to keep every stream busy. Where a domain was learned to bear less, or backs off
(:mod:`lanes.schedule.domains`), its ``limit`` takes the place of that product.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from msgspec.structs import replace

from lanes.config.model import Batch
from lanes.schedule.line import Candidate, Standing
from lanes.schedule.view import Domain, Due, LaneView


def ripe(view: LaneView, at: Standing, batch: Batch) -> list[Candidate]:
    """The line of a batched lane: what is ripe of its domains, the most urgent first."""
    heads = _by_domain(view.heads)
    domains = _domains(view)
    found = (_parts(_known(domains, name), heads[name], at, batch) for name in dict.fromkeys([*domains, *heads]))
    return sorted(chain.from_iterable(found), key=lambda one: one.urgency)


def in_time(view: LaneView, at: Standing, batch: Batch) -> list[Candidate]:
    """Of what is ripe, only the messages that are known to be timely, the most urgent first."""
    domains = _domains(view)
    names = {head.domain for head in view.timely}
    blank = {name: _blank(_known(domains, name), 0, at, batch.of(name)) for name in names}
    return [_named(blank[head.domain], head, at) for head in view.timely if blank[head.domain].most]


def _parts(domain: Domain, heads: list[Due], at: Standing, batch: Batch) -> Iterator[Candidate]:
    """What may leave of a domain, as one wave if there is room.

    First those of its messages that press; then the mates that fill up their batch; then the whole
    batches behind, which are younger and so wait their turn behind other domains' first batches.
    """
    batch = batch.of(domain.name)
    one = _blank(domain, sum(at.due(head.deadline) for head in heads), at, batch)
    pressing = [head for head in heads if at.presses(head.deadline)][: one.most]
    first = min(one.most, max(domain.owed % batch.size or batch.size, len(pressing)))
    for head in pressing:
        yield _named(one, head, at)
    if first > len(pressing):
        yield _lifted(replace(one, amount=first - len(pressing)), at)
    if one.most > first:
        yield replace(one, amount=one.most - first, deadline=at.now + at.lane.sla, accepted=at.now)


def _blank(domain: Domain, due: int, at: Standing, batch: Batch) -> Candidate:
    """Any one of a domain's ripe messages, of which ``due`` are known to have no more slack."""
    latest = (domain.oldest or at.now) + at.lane.sla
    reason, amount = _ripeness(domain, due or at.due(latest), at, batch)
    ripe = min(amount, domain.held or amount)
    most = min(ripe, _allowed(domain, batch))
    return Candidate(at.place, latest, latest - at.lane.sla, at.name, domain.name, 1, reason, ripe=ripe, most=most)


def _named(one: Candidate, head: Due, at: Standing) -> Candidate:
    accepted = head.accepted or head.deadline - at.lane.sla
    return _lifted(replace(one, deadline=head.deadline, accepted=accepted, ids=(head.id,)), at)


def _lifted(one: Candidate, at: Standing) -> Candidate:
    """In the lane above, if its deadline is near."""
    if not at.presses(one.deadline):
        return one
    reason = "deadline" if at.due(one.deadline) else "promoted"
    return replace(one, place=at.place - at.promotes(one.deadline), reason=reason)


def _ripeness(domain: Domain, due: int, at: Standing, batch: Batch) -> tuple[str, int]:
    """The most urgent reason why mail of a domain may leave, and how much of it in all."""
    whole = max(domain.held - domain.owed, 0) // batch.size * batch.size
    reason, amount = "size" if whole else "rest" if domain.owed else "", domain.owed + whole
    if domain.oldest > 0 and at.now - domain.oldest >= batch.max_wait:
        reason, amount = "wait", max(amount, batch.size)
    if due:
        reason, amount = "deadline", max(amount, batch.size, due)
    return reason, amount


def _allowed(domain: Domain, batch: Batch) -> int:
    """How many more may be in flight to it."""
    limit = batch.size * batch.streams if domain.limit is None else domain.limit
    return max(limit - domain.inflight, 0)


def _by_domain(heads: Iterable[Due]) -> defaultdict[str, list[Due]]:
    groups: defaultdict[str, list[Due]] = defaultdict(list)
    for head in heads:
        groups[head.domain].append(head)
    return groups


def _domains(view: LaneView) -> dict[str, Domain]:
    """Each domain once, with all that is known of it from the places where it was seen."""
    merged: dict[str, Domain] = {}
    for one in chain(view.full, view.waited, view.begun, view.near):
        merged[one.name] = _merge(merged[one.name], one) if one.name in merged else one
    return merged


def _known(domains: Mapping[str, Domain], name: str) -> Domain:
    return domains.get(name, Domain(name, 0, 0.0))


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
