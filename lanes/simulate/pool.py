"""Held mail in memory, in the order and with the rules by which the store keeps it.

The planner is shown what a pool shows (:class:`~lanes.schedule.view.LaneView`), and a pool does with its waves what
the store's claim does: named messages first, then by acceptance within a domain, or by deadline. It is no stand-in
for the store, whose own tests run on real servers.

Contract: a look costs what it shows, not what is held. A message is held, in flight, or neither; what is in flight
counts until it is settled, or :meth:`Pool.forget` says that it has been for too long.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from itertools import islice, takewhile

from lanes.config.model import Lane
from lanes.schedule.view import Domain, Due, LaneView, Wave
from lanes.simulate.mail import Mail
from lanes.simulate.ordered import Ordered

Allowed = Callable[[str, str, float, bool, float], int | None]
"""How much may be in flight: of a lane, to a domain, whose oldest held message was accepted then, and that presses
or not, at an instant. As :func:`lanes.schedule.known.allowed`."""


def _as_settings(_lane: str, _domain: str, _oldest: float, _presses: bool, _now: float) -> None:
    """Nothing was learned of any domain."""


class _Held:
    """What is held of one lane, in all orders that the planner asks for."""

    def __init__(self, terms: Lane) -> None:
        self.terms = terms
        self.queue: Ordered[tuple[float, float, str]] = Ordered()
        """(deadline, accepted, id)."""
        self.domains: dict[str, Ordered[tuple[float, str]]] = {}
        """Of a batched lane, by domain: (accepted, id)."""
        self.full: Ordered[tuple[int, str]] = Ordered()
        """Domains that hold a batch or more: (held, name)."""
        self.oldest: Ordered[tuple[float, str]] = Ordered()
        """Domains by their oldest message: (accepted, name)."""
        self.owed: dict[str, int] = {}
        self.inflight = 0
        self.busy: Counter[str] = Counter()
        """What is in flight to each domain."""

    def add(self, mail: Mail) -> None:
        self.queue.add((mail.deadline, mail.accepted, mail.id))
        if self.terms.batch:
            mates = self.domains.get(mail.domain)
            if mates is None:
                mates = self.domains[mail.domain] = Ordered()
            self._unlist(mail.domain, mates)
            mates.add((mail.accepted, mail.id))
            self._list(mail.domain, mates)

    def remove(self, mails: Iterable[Mail], domain: str) -> None:
        """Mail of one domain, if the lane is batched."""
        mates = self.domains[domain] if self.terms.batch else None
        if mates is not None:
            self._unlist(domain, mates)
        for mail in mails:
            self.queue.remove((mail.deadline, mail.accepted, mail.id))
            if mates is not None:
                mates.remove((mail.accepted, mail.id))
        if mates is not None:
            self._list(domain, mates)

    def owe(self, domain: str, count: int) -> None:
        """Remember what is to follow of a batch; no more than is there."""
        self.owed.pop(domain, None)
        if left := min(count, len(self.domains.get(domain, ()))):
            self.owed[domain] = left

    def _size(self) -> int:
        return self.terms.batch.size if self.terms.batch else 0

    def _unlist(self, domain: str, mates: Ordered[tuple[float, str]]) -> None:
        if mates:
            if len(mates) >= self._size():
                self.full.remove((len(mates), domain))
            self.oldest.remove((mates.least[0], domain))

    def _list(self, domain: str, mates: Ordered[tuple[float, str]]) -> None:
        if not mates:
            del self.domains[domain]
            return
        if len(mates) >= self._size():
            self.full.add((len(mates), domain))
        self.oldest.add((mates.least[0], domain))


class Pool:
    """The lanes of one MTA: what is held, and what is in flight."""

    def __init__(self, lanes: Mapping[str, Lane], heads: int = 200, allowed: Allowed = _as_settings) -> None:
        self._held = {name: _Held(lane) for name, lane in lanes.items()}
        self._mails: dict[str, Mail] = {}
        self._heads = heads
        self._allowed = allowed
        self.inflight: dict[str, tuple[float, Mail]] = {}
        """Since when a message is, as far as it counts."""
        self._started: deque[tuple[float, Mail]] = deque()

    def held(self, lane: str) -> list[Mail]:
        """What is held of a lane, by deadline."""
        return [self._mails[key[2]] for key in self._held[lane].queue]

    def count(self, lane: str) -> int:
        """How many messages are held of a lane."""
        return len(self._held[lane].queue)

    @property
    def busy(self) -> int:
        """How many messages are in flight."""
        return len(self.inflight)

    @property
    def waiting(self) -> int:
        """How many messages are held."""
        return len(self._mails)

    def hold(self, mail: Mail) -> None:
        """Take a message into its lane."""
        self._mails[mail.id] = mail
        self._held[mail.lane].add(mail)

    def start(self, mail: Mail, now: float = 0.0) -> None:
        """A message is with the MTA: released, or never held; it was not in flight."""
        self.inflight[mail.id] = now, mail
        self._started.append((now, mail))
        lane = self._held[mail.lane]
        lane.inflight += 1
        if lane.terms.batch:
            lane.busy[mail.domain] += 1

    def settle(self, mail: Mail) -> None:
        """The MTA has done with it, or has put it off; nothing happens if it no longer counted."""
        if self.inflight.pop(mail.id, None) is None:
            return
        lane = self._held[mail.lane]
        lane.inflight -= 1
        if lane.terms.batch:
            lane.busy[mail.domain] -= 1
            if not lane.busy[mail.domain]:
                del lane.busy[mail.domain]

    def forget(self, before: float) -> None:
        """What has been in flight since before an instant no longer counts."""
        started = self._started
        while started and (started[0][0] < before or started[0][1].id not in self.inflight):
            since, mail = started.popleft()
            if since < before and (counted := self.inflight.get(mail.id)) and counted[0] == since:
                self.settle(mail)

    def claim(self, wave: Wave, now: float = 0.0) -> list[Mail]:
        """Carry a wave out; the messages that are in flight now and were held."""
        lane = self._held[wave.lane]
        named = [self._mails[id] for id in wave.ids if id in self._mails][: wave.count]
        source = (lane.domains[wave.domain] if wave.domain else lane.queue) if len(named) < wave.count else ()
        chosen = set(wave.ids)
        behind = (key[-1] for key in source if key[-1] not in chosen)
        taken = [*named, *(self._mails[id] for id, _ in zip(behind, range(wave.count - len(named)), strict=False))]
        lane.remove(taken, wave.domain)
        for mail in taken:
            del self._mails[mail.id]
            self.start(mail, now)
        if wave.domain:
            lane.owe(wave.domain, wave.owed)
        return taken

    def views(self, now: float, heads: int = 0) -> list[LaneView]:
        """What the planner is shown: so many heads of each order, or as many as the pool was made for."""
        return [self._view(name, lane, now, heads or self._heads) for name, lane in self._held.items()]

    def _view(self, name: str, lane: _Held, now: float, heads: int) -> LaneView:
        queue, terms = lane.queue, lane.terms
        if not queue:
            return LaneView(name, 0, 0, lane.inflight, ())
        before = now + max(terms.lead, terms.promote_at) if terms.batch else float("inf")
        first = takewhile(lambda key: key[0] <= before, islice(queue, heads))
        late = queue.below((now,))
        timely = queue.since((now + terms.lead / 2,), heads) if late else []
        view = LaneView(name, len(queue), 0, lane.inflight, self._dues(first), late=late, timely=self._dues(timely))
        return self._with_domains(view, lane, now, heads) if terms.batch else view

    def _dues(self, keys: Iterable[tuple[float, float, str]]) -> tuple[Due, ...]:
        return tuple(Due(id, deadline, self._mails[id].domain, accepted) for deadline, accepted, id in keys)

    def _with_domains(self, view: LaneView, lane: _Held, now: float, heads: int) -> LaneView:
        assert lane.terms.batch  # noqa: S101 - only batched lanes are asked for their domains
        before = now - lane.terms.batch.max_wait
        names = {
            "full": [name for _, name in lane.full.last(heads)],
            "waited": [name for _, name in takewhile(lambda key: key[0] <= before, islice(lane.oldest, heads))],
            "begun": sorted(lane.owed, key=lambda name: (lane.owed[name], name), reverse=True)[:heads],
            "near": list(dict.fromkeys((*(head.domain for head in (*view.heads, *view.timely)),
                                        *(name for name in lane.terms.batch.domains if name in lane.domains)))),
        }
        pressing = {head.domain for head in view.heads}
        wanted = dict.fromkeys(name for group in names.values() for name in group)
        known = {name: self._domain(lane, view.lane, name, name in pressing, now) for name in wanted}
        full, waited, begun, near = (tuple(known[name] for name in group) for group in names.values())
        return view._replace(full=full, waited=waited, begun=begun, near=near)

    def domain(self, lane: str, name: str, now: float) -> Domain:
        """A batched lane's domain, as it is for mail that presses."""
        return self._domain(self._held[lane], lane, name, True, now)

    def _domain(self, lane: _Held, lane_name: str, name: str, presses: bool, now: float) -> Domain:
        mates = lane.domains.get(name)
        oldest = mates.least[0] if mates else 0.0
        allowed = self._allowed(lane_name, name, oldest, presses, now)
        return Domain(name, len(mates or ()), oldest, lane.owed.get(name, 0), lane.busy[name], allowed)
