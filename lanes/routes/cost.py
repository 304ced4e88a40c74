"""What mail costs: prices, budgets, and what the dearest relay would have cost.

Contract: pure and exact. Money is counted in whole micro-units, millionths of the site's currency: a price
has at most six decimals. A message is paid for once, when it was delivered to all its recipients, to the
relay that delivered to the last of them. Mail that no relay delivered costs nothing, and saved nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from lanes import addresses
from lanes.config.relays import Budget, Relay
from lanes.config.units import parse_address_entry

MICRO = 1_000_000
#: Budgets are for a day of UTC.
DAY = 86400


class Spent(NamedTuple):
    """What some mail cost."""

    messages: int = 0
    micro: int = 0
    """What it cost, in micro-units."""
    premium: int = 0
    """What it would have cost by the dearest relay."""

    def plus(self, other: Spent) -> Spent:
        """Both together."""
        return Spent(*(one + another for one, another in zip(self, other, strict=True)))

    @property
    def saved(self) -> int:
        """Against all by the dearest relay, in micro-units."""
        return self.premium - self.micro


def micro(amount: float) -> int:
    """An amount of the settings, in micro-units."""
    return round(amount * MICRO)


def price(relays: Mapping[str, Relay], relay: str) -> Spent:
    """What one message costs that this relay has delivered."""
    return Spent(1, micro(relays[relay].cost), max(micro(one.cost) for one in relays.values()))


def summed(days: Mapping[int, Mapping[tuple[str, str], Spent]], by: str) -> dict[str, Spent]:
    """What was spent on all these days, by ``lane`` or by ``relay``; the most first."""
    total: dict[str, Spent] = {}
    for ways in days.values():
        for (lane, relay), spent in ways.items():
            name = lane if by == "lane" else relay
            total[name] = total.get(name, Spent()).plus(spent)
    return dict(sorted(total.items(), key=lambda item: (-item[1].micro, item[0])))


def money(micros: int) -> str:
    """As people write it: at least two decimals, and as many as there are."""
    whole, part = divmod(abs(micros), MICRO)
    digits = f"{part:06}".rstrip("0").ljust(2, "0")
    return f"{'-' if micros < 0 else ''}{whole}.{digits}"


class Budgets:
    """The site's budgets."""

    def __init__(self, budgets: Mapping[str, Budget]) -> None:
        self._budgets = {name: (budget.lane, budget.sender and parse_address_entry(budget.sender))
                         for name, budget in budgets.items()}
        self._amounts = {name: micro(budget.amount) for name, budget in budgets.items()}

    def __iter__(self) -> Iterator[str]:
        """Their names."""
        return iter(self._budgets)

    def of(self, lane: str, sender: str) -> list[str]:
        """The budgets that a message is charged to."""
        return [name for name, (about, who) in self._budgets.items()
                if about in (None, lane) and (who is None or who in addresses.keys(sender))]

    def over(self, spent: Mapping[str, int]) -> dict[str, str]:
        """Those that are used up, by what was spent today in micro-units; and that in words."""
        return {name: f"{money(spent.get(name, 0))} of {money(amount)} spent today"
                for name, amount in self._amounts.items() if spent.get(name, 0) >= amount}
