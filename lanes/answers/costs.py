"""What was spent, on what, and what it would have cost by the dearest relay. Amounts are in the site's currency."""

from __future__ import annotations

from collections.abc import Mapping

from lanes.answers import Answer, Instant
from lanes.config import Settings
from lanes.message import printable
from lanes.routes.cost import DAY, MICRO, Spent, micro
from lanes.timestamps import rfc3339


class Cost(Answer, frozen=True, kw_only=True):
    """What a lane, a relay or a sender cost. Of senders, only the amount is known."""

    name: str
    cost: float
    messages: int | None = None
    premium: float | None = None
    """What the same mail would have cost by the dearest relay."""
    saved: float | None = None
    """The difference."""


class Budget(Answer, frozen=True, kw_only=True):
    """A budget today, with all MTAs together."""

    budget: str
    lane: str | None
    sender: str | None
    amount: float
    spent: float
    over: bool
    """Whether its mail takes the cheapest relay."""


class Costs(Answer, frozen=True, kw_only=True):
    """Some days' costs."""

    currency: str
    since: Instant
    """When the first of the days began, in UTC."""
    by: str
    rows: list[Cost]
    total: Cost
    budgets: list[Budget]


def costs(settings: Settings, first_day: int, by: str, rows: Mapping[str, Spent | int], total: Spent,
          budgets: Mapping[str, int]) -> Costs:
    """The days from ``first_day`` on; what senders spent is known as amounts only, in micro-units."""
    return Costs(
        currency=settings.roads.currency, since=rfc3339(first_day * DAY), by=by,
        rows=[_cost(name, spent) for name, spent in rows.items()], total=_cost("total", total),
        budgets=[_budget(settings, name, spent) for name, spent in budgets.items()],
    )  # fmt: skip


def _cost(name: str, spent: Spent | int) -> Cost:
    if isinstance(spent, int):
        return Cost(name=printable(name) or "<>", cost=spent / MICRO)
    return Cost(name=name, cost=spent.micro / MICRO, messages=spent.messages, premium=spent.premium / MICRO,
                saved=spent.saved / MICRO)


def _budget(settings: Settings, name: str, spent: int) -> Budget:
    terms = settings.budgets[name]
    return Budget(budget=name, lane=terms.lane, sender=terms.sender, amount=terms.amount, spent=spent / MICRO,
                  over=spent >= micro(terms.amount))
