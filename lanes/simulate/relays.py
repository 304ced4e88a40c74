"""The choice of relays in the simulator: the filter's own (:class:`lanes.routes.roads.Roads`), and what it goes by.

As tracker, books and filter do it for a site, in memory: how each relay does is learned from attempts, what is on
its way by each is counted, money is booked when a message was delivered, and the filter looks at all that as often as
it does there.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from itertools import islice

from lanes.config import Settings
from lanes.message import Decision
from lanes.routes.cost import DAY, Budgets, price
from lanes.routes.health import Breaker, Condition, Health, Tried, breaker, is_relays_fault, learned
from lanes.routes.roads import LOOK, Roads
from lanes.simulate.mail import Mail
from lanes.simulate.postfix import Told


class Relays:
    """One MTA's; without relays in the settings nothing is chosen, and nothing costs anything."""

    def __init__(self, settings: Settings, chance: Callable[[], float]) -> None:
        self._relays = settings.relays
        self._terms = settings.roads
        self._limit = settings.manager.inflight_limit
        self._roads = Roads(settings, chance)
        self._decisions = {name: Decision(name, 0.0, lane.preference) for name, lane in settings.lanes.items()}
        self._health = dict.fromkeys(settings.relays, Health())
        self._flying: dict[str, dict[str, float]] = {name: {} for name in settings.relays}
        self._micro = {name: price(settings.relays, name).micro for name in settings.relays}
        self._budgets = Budgets(settings.budgets)
        self._spent: Counter[str] = Counter()
        self._day = 0
        self._looked = float("-inf")

    def choose(self, mail: Mail, now: float) -> str:
        """The relay for a message that has just been accepted; empty: the MTA's own routing."""
        if not self._relays:
            return ""
        recipient = (f"recipient@{mail.domain}",)
        return self._roads.choose(self._decisions[mail.lane], mail.sender, mail.domain, now, recipient).relay

    def passed(self, mail: Mail) -> None:
        """The filter has let it pass."""
        if mail.relay:
            self._roads.given(mail.relay)

    def started(self, mail: Mail, now: float) -> None:
        """It is on its way."""
        if mail.relay:
            self._flying[mail.relay][mail.id] = now

    def learn(self, told: Sequence[Told], now: float) -> None:
        """Take in what became of attempts, in order."""
        if not self._relays:
            return
        tried: defaultdict[str, list[Tried]] = defaultdict(list)
        for one in told:
            if (relay := one.mail.relay) and one.what != "active":
                self._flying[relay].pop(one.mail.id, None)
                tried[relay].append(self._tried(one))
        for relay, attempts in tried.items():
            self._health[relay] = learned(self._health[relay], self._terms, attempts)
        if now - self._looked >= LOOK:
            self._look(now)

    def _tried(self, one: Told) -> Tried:
        sent = one.what == "sent"
        fault = "" if sent or not is_relays_fault(one.dsn) else one.dsn
        by_mx = not self._relays[one.mail.relay].nexthop
        result = "sent" if sent else "bounced" if one.what == "bounced" else "deferred"
        return Tried(one.at, result, fault, one.seconds if sent else None, one.mail.domain if by_mx else "")

    def _look(self, now: float) -> None:
        self._looked = now
        self._new_day(now)
        self._roads.look(now)
        self._roads.learn({name: self._condition(name, now) for name in self._relays}, self._spent, now)

    def _condition(self, name: str, now: float) -> Condition:
        health, flying = self._health[name], self._flying[name]
        while flying and (oldest := next(iter(flying))) and flying[oldest] < now - self._limit:
            del flying[oldest]
        depth = len(flying)
        middle = next(islice(flying.values(), depth - 1 - depth // 2, None), now) if depth > 1 else now
        if breaker(health, now) is Breaker.HALF_OPEN:
            depth = sum(since >= health.open_until for since in flying.values())
        return Condition(health, depth, min(max(now - middle, 0.0), self._limit))

    def paid(self, mail: Mail, now: float) -> int:
        """What a message costs that was delivered, in micro-units; booked."""
        if not mail.relay:
            return 0
        self._new_day(now)
        for name in self._budgets.of(mail.lane, mail.sender):
            self._spent[name] += self._micro[mail.relay]
        return self._micro[mail.relay]

    def _new_day(self, now: float) -> None:
        if (day := int(now // DAY)) != self._day:
            self._day, self._spent = day, Counter()
