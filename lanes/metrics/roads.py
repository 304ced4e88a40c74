"""How the relays are, and what was spent by each."""

from __future__ import annotations

from collections import Counter

from lanes.config import Settings
from lanes.metrics.told import Told
from lanes.routes.cost import MICRO
from lanes.routes.health import RESULTS, Breaker, Condition, breaker
from lanes.store.costs import Costs
from lanes.store.relays import Relays
from lanes.store.store import Store


class Roads:
    """Three round trips, and none without relays."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._names = list(settings.relays)
        self._lanes = settings.by_rank()
        self._relays = Relays(store.client, settings)
        self._costs = Costs(store.client, settings)

    def __call__(self, told: Told, now: float) -> None:
        """Tell of every relay, and of what every lane spent by it."""
        if not self._names:
            return
        for name, condition in self._relays.conditions(now).items():
            _tell(told, name, condition, now)
        self._tell_costs(told)

    def _tell_costs(self, told: Told) -> None:
        spent, premium = self._costs.totals(), Counter[str]()
        for (lane, _), one in spent.items():
            premium[lane] += one.premium
        for lane in self._lanes:
            for name in self._names:
                micro = spent[lane, name].micro if (lane, name) in spent else 0
                told.say("lanes_cost_total", micro / MICRO, lane=lane, relay=name)
            told.say("lanes_cost_premium_total", premium[lane] / MICRO, lane=lane)


def _tell(told: Told, name: str, condition: Condition, now: float) -> None:
    health = condition.health
    told.say("lanes_relay_up", breaker(health, now) is Breaker.CLOSED, relay=name)
    if health.is_measured:
        told.say("lanes_relay_latency_seconds", health.latency, relay=name)
    for result in RESULTS:
        told.say("lanes_relay_deliveries_total", health.results.get(result, 0), relay=name, result=result)
    told.say("lanes_relay_depth", condition.depth, relay=name)
