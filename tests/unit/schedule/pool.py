"""Held mail in memory, in the order and with the rules by which the store keeps it.

For tests and simulations of the planner, which is pure: it is shown what a pool shows, and a pool
does with its waves what the store's claim does (named messages first, then by acceptance within a
domain, or by deadline). It is no stand-in for the store, whose own tests run on real servers.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from lanes.config.model import Lane
from lanes.schedule.view import Domain, Due, LaneView, Wave


class Mail(NamedTuple):
    """A message that waits; compares by deadline, then acceptance."""

    deadline: float
    accepted: float
    id: str
    lane: str
    domain: str = ""


class Pool:
    """The lanes of one MTA: what is held, and what is in flight."""

    def __init__(self, lanes: Mapping[str, Lane], heads: int = 200) -> None:
        self._lanes = lanes
        self._heads = heads
        self.held: dict[str, list[Mail]] = {name: [] for name in lanes}
        self._domains: dict[str, defaultdict[str, list[Mail]]] = {name: defaultdict(list) for name in lanes}
        self._owed: dict[tuple[str, str], int] = {}
        self.inflight: dict[str, Mail] = {}
        self._lane_inflight: Counter[str] = Counter()
        self._domain_inflight: Counter[tuple[str, str]] = Counter()

    def hold(self, mail: Mail) -> None:
        """Take a message into its lane."""
        insort(self.held[mail.lane], mail)
        if self._lanes[mail.lane].batch:
            insort(self._domains[mail.lane][mail.domain], mail, key=_acceptance)

    def start(self, mail: Mail) -> None:
        """A message is with the MTA: released, or never held."""
        self.inflight[mail.id] = mail
        self._lane_inflight[mail.lane] += 1
        self._domain_inflight[mail.lane, mail.domain] += 1

    def settle(self, mail: Mail) -> None:
        """The MTA has delivered it."""
        del self.inflight[mail.id]
        self._lane_inflight[mail.lane] -= 1
        self._domain_inflight[mail.lane, mail.domain] -= 1

    def claim(self, wave: Wave) -> list[Mail]:
        """Carry a wave out; the messages that are in flight now and were held."""
        source = self._domains[wave.lane][wave.domain] if wave.domain else self.held[wave.lane]
        named = set(wave.ids)
        first = [mail for mail in source if mail.id in named] if named else []
        fill = (mail for mail in source if mail.id not in named)
        taken = [*first[: wave.count], *(mail for mail, _ in zip(fill, range(wave.count - len(first)), strict=False))]
        for mail in taken:
            self._leave(mail)
            self.start(mail)
        self._owe(wave)
        return taken

    def _leave(self, mail: Mail) -> None:
        held = self.held[mail.lane]
        del held[bisect_left(held, mail)]
        if self._lanes[mail.lane].batch:
            mates = self._domains[mail.lane][mail.domain]
            mates.remove(mail)
            if not mates:
                del self._domains[mail.lane][mail.domain]

    def _owe(self, wave: Wave) -> None:
        left = min(wave.owed, len(self._domains[wave.lane].get(wave.domain, ())))
        if left:
            self._owed[wave.lane, wave.domain] = left
        else:
            self._owed.pop((wave.lane, wave.domain), None)

    def views(self, now: float) -> list[LaneView]:
        """What the planner is shown."""
        return [self._view(name, lane, now) for name, lane in self._lanes.items()]

    def _view(self, name: str, lane: Lane, now: float) -> LaneView:
        held = self.held[name]
        late, hopeless = (bisect_left(held, (now + slack,)) for slack in (0, lane.lead / 2))
        heads, timely = _heads(held[: self._heads]), _heads(held[hopeless : hopeless + self._heads])
        inflight = self._lane_inflight[name]
        view = LaneView(name, len(held), 0, inflight, heads, late=late, timely=timely)
        return self._with_domains(view, lane, now) if lane.batch else view

    def _with_domains(self, view: LaneView, lane: Lane, now: float) -> LaneView:
        assert lane.batch
        domains = {name: self._domain(view.lane, name, mates) for name, mates in self._domains[view.lane].items()}
        by_size = sorted(domains.values(), key=lambda one: -one.held)
        by_age = sorted(domains.values(), key=lambda one: one.oldest)
        due = tuple(head for head in view.heads if head.deadline - now <= max(lane.lead, lane.promote_at))
        return view._replace(
            heads=due,
            full=tuple(one for one in by_size if one.held >= lane.batch.size)[: self._heads],
            waited=tuple(one for one in by_age if now - one.oldest >= lane.batch.max_wait)[: self._heads],
            begun=self._known(domains, (domain for name, domain in self._owed if name == view.lane)),
            near=self._known(domains, dict.fromkeys(head.domain for head in (*due, *view.timely))),
        )

    def _known(self, domains: Mapping[str, Domain], names: Iterable[str]) -> tuple[Domain, ...]:
        return tuple(domains[name] for name in names if name in domains)

    def _domain(self, lane: str, name: str, mates: list[Mail]) -> Domain:
        key = lane, name
        return Domain(name, len(mates), mates[0].accepted, self._owed.get(key, 0), self._domain_inflight[key])


def _heads(held: list[Mail]) -> tuple[Due, ...]:
    return tuple(Due(mail.id, mail.deadline, mail.domain, mail.accepted) for mail in held)


def _acceptance(mail: Mail) -> tuple[float, str]:
    return mail.accepted, mail.id
