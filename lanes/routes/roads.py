"""What a filter knows of the roads, between two looks at Redis: how the relays are, what it gave them since,
and which budgets are used up, and where recipients are.

Contract: :meth:`Roads.choose` waits for nothing and never raises. Without Redis, what was known last goes on,
and if nothing ever was, all relays are healthy: the dearest is then chosen for ``speed``, the cheapest for
``economy`` and ``balanced``. Safe to share between threads: a race costs a count, or a probe.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from lanes.config import Settings
from lanes.config.instances import handoff
from lanes.message import Decision, Evidence, printable
from lanes.routes.choice import Choice, Request, Road, choose, roads
from lanes.routes.cost import Budgets
from lanes.routes.countries import Countries
from lanes.routes.health import Condition
from lanes.routes.home import Home
from lanes.routes.regions import Regions

#: Recipient domains whose country a filter remembers: some 2 MB.
_DOMAINS = 10_000

#: Seconds between two looks of the filter at the relays: for so long mail still goes to one that is known to fail.
LOOK = 0.5


class Roads:
    """One filter's view. ``chance`` gives random numbers from 0 to 1."""

    def __init__(self, settings: Settings, chance: Callable[[], float]) -> None:
        self._relays = settings.relays
        self._terms = settings.roads
        self._chance = chance
        self._budgets = Budgets(settings.budgets)
        self._regions = Regions(settings.roads.regions) if any(r.region for r in settings.relays.values()) else None
        self._countries = Countries(_DOMAINS if self._terms.geo_database else 0)
        self._home = Home(settings.mta.own_domains)
        self._instances = settings.mta.instances
        self._over: Mapping[str, str] = self._budgets.over({})
        self._last: dict[tuple[str, str], str] = {}
        self._conditions: Mapping[str, Condition] = {}
        self._given: Counter[str] = Counter()
        self._roads: dict[str, Road] = {}
        self.look(0.0)

    def learn(self, conditions: Mapping[str, Condition], spent: Mapping[str, int], now: float) -> None:
        """Take in how the relays are, with all that went by them, and what was spent of each budget today."""
        self._conditions = conditions
        self._over = self._budgets.over(spent)
        self._given = Counter()
        self.look(now)

    def unlocated(self) -> list[str]:
        """Recipient domains that mail went to since the last call, and whose country is to be asked for."""
        return self._countries.missed()

    def locate(self, asked: Iterable[str], found: Mapping[str, str], now: float) -> None:
        """Take in the countries of those of the domains that are known."""
        self._countries.learn(asked, found, now)

    def look(self, now: float) -> None:
        """Let time pass: a relay that was left alone may be tried again."""
        self._roads = {road.name: road for road in roads(self._relays, self._conditions, now)}
        for name in self._given:
            self._show(name)

    def given(self, relay: str) -> None:
        """Note that a message has gone to a relay."""
        if relay in self._roads:
            self._given[relay] += 1
            self._show(relay)

    def usual(self) -> dict[tuple[str, str], str]:
        """The relay that the like of it was given last, by preference and region."""
        return dict(self._last)

    def _show(self, name: str) -> None:
        """A relay with what it was given since."""
        known = self._conditions.get(name) or Condition()
        depth = known.depth + self._given[name]
        self._roads[name] = self._roads[name]._replace(condition=known._replace(depth=depth))

    def route(self, decision: Decision, sender: str, domain: str, now: float,
              recipients: Sequence[str]) -> Choice:
        """The way out of here: the lane's own instance, which asks for a relay at each attempt; else a relay."""
        if decision.lane in self._instances and self._home.first(recipients) is None:
            name = handoff(decision.lane)
            return Choice(name, (Evidence("relay", name, "the lane's own instance asks for one at each attempt"),))
        return self.choose(decision, sender, domain, now, recipients)

    def choose(self, decision: Decision, sender: str, domain: str, now: float,
               recipients: Sequence[str] = ()) -> Choice:
        """The relay for a message that was decided so, and why; over budget, the cheapest.

        None if anybody of its ``recipients`` is at home: the MTA would send all of the message by the relay.
        """
        if not self._roads:
            return Choice("")
        if (at_home := self._home.first(recipients)) is not None:
            return Choice("", (Evidence("relay", printable(at_home, 80), "no relay: a recipient is at home here"),))
        preference, wanted = decision.preference, decision.relay
        said: tuple[Evidence, ...] = ()
        if self._over and (name := self._over_budget(decision.lane, sender)):
            said = (Evidence("budget", f"{name}: {self._over[name]}", f"economy, not {wanted or preference}"),)
            preference, wanted = "economy", ""
        region = self._regions.of(domain, lambda one: self._countries.of(one, now)) if self._regions else ""
        last = self._last.get((preference, region), "")
        request = Request(preference, region, wanted, last, self._chance())
        choice = choose(request, list(self._roads.values()), self._terms, now)
        if choice.usual:
            self._last[preference, region] = choice.usual
        return choice._replace(evidence=said + choice.evidence)

    def _over_budget(self, lane: str, sender: str) -> str:
        return next((name for name in self._budgets.of(lane, sender) if name in self._over), "")
