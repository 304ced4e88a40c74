"""What the planner needs of every lane: heads and counts, never whole lanes.

One pipelined round trip for all lanes where nothing is due or ripe, or where there is no room. What is due
costs one more, for its domains; what is ripe another, for what is known of domains; and overload one, for
what can still be saved. None of it grows with the backlog.

What may not go (its domain is paused, or has all in flight that it may have) must not hide what may: the
next look asks for as many heads more as this one saw in vain. That is all that is kept between looks, and
whoever starts without it sees a look later.

Failure: :class:`redis.RedisError`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple, cast

from redis.client import Pipeline

from lanes.config import Settings
from lanes.config.model import Batch, Lane
from lanes.life import State
from lanes.schedule import turn
from lanes.schedule.known import allowed
from lanes.schedule.view import Domain, Due, LaneView
from lanes.store.domains import Domains
from lanes.store.keys import member, text
from lanes.store.store import Store
from lanes.store.stored import instant


class Paused(NamedTuple):
    """Of what nothing may go."""

    lanes: frozenset[str]
    domains: frozenset[str]

    @classmethod
    def of(cls, members: Iterable[bytes]) -> Paused:
        """From the members of the set that orders write."""
        parts = [text(member).partition(":") for member in members]
        return cls(*(frozenset(name for kind, _, name in parts if kind == wanted) for wanted in ("lane", "domain")))

    def stops(self, lane: str, domain: str) -> bool:
        """Whether mail of a lane, or for a domain, is to stay where it is."""
        return lane in self.lanes or domain in self.domains


class LaneViews:
    """One MTA's lanes, as the planner sees them."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._keys = store.keys
        self._lanes = settings.lanes
        self._put_off = settings.domains.put_off
        self._domains = Domains(store.client, store.keys, settings)
        self._in_vain = 0
        self.unread: list[str] = []
        """Ids among the heads last seen of which nothing could be read."""

    def look(self, window: int, now: float) -> list[LaneView]:
        """Every lane; ``window`` is how many messages may be in flight at once. Without room, its counts are enough.

        Of what is paused nothing may be in flight.
        """
        count = turn.heads(window, self._in_vain)
        paused, views = self._first(count, now)
        self.unread = []
        if window <= sum(view.releasing + view.inflight for view in views):
            return views
        named = self._named(self._in_time(views, window, count, now), paused)
        going = [self._allowed(view, paused, now) for view in named]
        self._in_vain = max(in_vain for in_vain, _ in going)
        return [view for _, view in going]

    def paused(self) -> Paused:
        """What an operator has stopped."""
        return Paused.of(cast("set[bytes]", self._store.client.smembers(self._keys.paused)))

    def _first(self, count: int, now: float) -> tuple[Paused, list[LaneView]]:
        """Heads and counts. In-flight mail is counted both ways that there are, until it is known which one holds."""
        ways = [self._store.fills_since(now, read_at) for read_at in (now, 0.0)]
        with self._store.client.pipeline(transaction=False) as pipe:
            pipe.smembers(self._keys.paused)
            self._store.tracking.ask_read_at(pipe)
            for name, lane in self._lanes.items():
                self._ask(pipe, name, lane, count, ways, now)
            answers = iter(pipe.execute())
        paused, way = Paused.of(next(answers)), ways.index(self._store.fills_since(now, instant(next(answers)) or 0.0))
        views = [_view(name, lane, answers, way) for name, lane in self._lanes.items()]
        return paused, [_stopped(view) if view.lane in paused.lanes else view for view in views]

    def _ask(self, pipe: Pipeline, name: str, lane: Lane, count: int, ways: Sequence[float], now: float) -> None:
        """What :func:`_view` takes the answers of. A batched lane's heads are of use only once they press."""
        held = self._keys.state(State.HELD, name)
        pipe.zcard(held)
        pipe.zcard(self._keys.state(State.RELEASING, name))
        for since in ways:
            pipe.zcount(self._keys.state(State.INFLIGHT, name), since, "+inf")
        pipe.zcount(held, "-inf", f"({now}")
        before = now + max(lane.lead, lane.promote_at) if lane.batch else "+inf"
        pipe.zrangebyscore(held, "-inf", before, 0, count, withscores=True)
        if lane.batch:
            pipe.zrevrangebyscore(self._keys.sizes(name), "+inf", lane.batch.size, 0, count)
            pipe.zrangebyscore(self._keys.oldest(name), "-inf", now - lane.batch.max_wait, 0, count)
            pipe.zrevrange(self._keys.owed(name), 0, count - 1)

    def _in_time(self, views: Sequence[LaneView], window: int, count: int, now: float) -> list[LaneView]:
        """With what can still be saved, of the lanes of which more than a window is late."""
        late = [view.lane for view in views if view.late > window]
        if not late:
            return list(views)
        with self._store.client.pipeline(transaction=False) as pipe:
            for name in late:
                in_time = now + self._lanes[name].lead / 2
                pipe.zrangebyscore(self._keys.state(State.HELD, name), in_time, "+inf", 0, count, withscores=True)
            timely = dict(zip(late, map(_heads, pipe.execute()), strict=True))
        return [view._replace(timely=timely.get(view.lane, ())) for view in views]

    def _named(self, views: Sequence[LaneView], paused: Paused) -> list[LaneView]:
        """With the domains of heads, where it matters; a head whose record is not there any more is left out."""
        asked = {view.lane for view in views if self._lanes[view.lane].batch or paused.domains}
        heads = (head for view in views if view.lane in asked for head in chain(view.heads, view.timely))
        ids = [head.id for head in heads]
        records = self._store.records(ids)
        self.unread = [id for id in ids if id not in records]

        def named(heads: Iterable[Due]) -> tuple[Due, ...]:
            known = ((head, records[head.id]) for head in heads if head.id in records)
            return tuple(head._replace(domain=record.domain, accepted=record.accepted) for head, record in known)

        return [view._replace(heads=named(view.heads), timely=named(view.timely)) if view.lane in asked else view
                for view in views]

    def _allowed(self, view: LaneView, paused: Paused, now: float) -> tuple[int, LaneView]:
        """How much of a lane was seen in vain, and the lane with what is known of its domains."""
        if batch := self._lanes[view.lane].batch:
            view = self._with_domains(view, batch, paused, now)
            return turn.in_vain(view), view
        going = _without(view, paused.domains, now) if paused.domains else view
        return len(view.heads) - len(going.heads), going

    def _with_domains(self, view: LaneView, batch: Batch, paused: Paused, now: float) -> LaneView:
        """The domains of a lane, those with settings of their own included: they may be ripe before others."""
        names = chain((head.domain for head in chain(view.heads, view.timely)), batch.domains)
        groups = view.full, view.waited, view.begun, tuple(Domain(name, 0, 0.0) for name in names)
        wanted, pressing = {one.name for one in chain(*groups)}, {head.domain for head in view.heads}
        known = self.domains(view.lane, wanted, paused, now, pressing)
        full, waited, begun, near = (tuple(known[one.name] for one in dict.fromkeys(group)) for group in groups)
        return view._replace(full=full, waited=waited, begun=begun, near=near)

    def domains(self, lane: str, names: Collection[str], paused: Paused, now: float,
                pressing: Collection[str]) -> dict[str, Domain]:
        """Each of these domains of a batched lane, and what it may have in flight; one round trip.

        The mail of those that are not ``pressing`` may have to wait for a better hour of the day.
        """
        terms = self._lanes[lane]
        return {
            name: Domain(name, one.held, one.oldest, one.owed, one.inflight,
                         0 if name in paused.domains
                         else allowed(one.known, terms, name, one.oldest, name in pressing, self._put_off, now))
            for name, one in self._domains.seen(lane, names, now).items()
        }


def _view(name: str, lane: Lane, answers: Iterator[Any], way: int) -> LaneView:
    held, releasing, *inflight, late, scored = (next(answers) for _ in range(6))
    view = LaneView(name, held, releasing, inflight[way], _heads(scored), late=late)
    if not lane.batch:
        return view
    full, waited, begun = (tuple(Domain(text(domain), 0, 0.0) for domain in next(answers)) for _ in range(3))
    return view._replace(full=full, waited=waited, begun=begun)


def _heads(scored: Iterable[tuple[bytes, float]]) -> tuple[Due, ...]:
    return tuple(Due(member(id), deadline, "") for id, deadline in scored)


def _stopped(view: LaneView) -> LaneView:
    """A lane that only counts against the window."""
    return LaneView(view.lane, 0, view.releasing, view.inflight, ())


def _without(view: LaneView, domains: frozenset[str], now: float) -> LaneView:
    """Only heads whose domain may go, and nothing of what is behind them."""
    heads, timely = (tuple(head for head in seen if head.domain not in domains) for seen in (view.heads, view.timely))
    late = sum(head.deadline < now for head in heads)
    return view._replace(heads=heads, held=len(heads), late=late if late < len(heads) else view.late, timely=timely)
