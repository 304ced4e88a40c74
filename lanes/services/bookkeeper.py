"""The bookkeeper: copies what was spent, day by day, from Redis into the history. Part of the historian's turn.

Contract: keeps nothing that matters. A day is written while it lasts, and again whenever it has grown, also
long afterwards: a tracker that comes back after days away books each message on the day of its delivery.

Failure: :class:`redis.RedisError`, :class:`sqlalchemy.exc.SQLAlchemyError`; the next turn writes it.
"""

from __future__ import annotations

from collections.abc import Mapping

from lanes.config import Settings
from lanes.history.costs import CostHistory
from lanes.history.database import open_database
from lanes.routes.cost import DAY
from lanes.store.costs import Costs, Ways, kept_days

#: Seconds between two looks.
_EVERY = 60.0


class Bookkeeper:
    """One MTA's bookkeeper. ``days_for`` is how long the history keeps a day, in seconds."""

    def __init__(self, costs: Costs, days_for: float) -> None:
        self._costs = costs
        self._days_for = days_for
        self._written: dict[int, Ways] = {}
        self._looked = 0.0

    def turn(self, history: CostHistory, now: float) -> None:
        """Write what has grown, if it is time to look."""
        if 0 <= now - self._looked < _EVERY:
            return
        days = self._costs.days(kept_days(now))
        history.write({day: ways for day, ways in days.items() if ways and self._written.get(day) != ways})
        history.prune(int((now - self._days_for) // DAY))
        self._written, self._looked = days, now


def on_record(settings: Settings, first: int, last: int) -> dict[int, Ways]:
    """What the history knows of some days."""
    engine = open_database(settings, existing=True)
    try:
        return CostHistory(engine).read(first, last)
    finally:
        engine.dispose()


def together(redis: Mapping[int, Ways], history: Mapping[int, Ways]) -> dict[int, Ways]:
    """Days as the two know them: of each lane and relay, what is more. The history is a minute late, Redis may
    have forgotten."""
    days: dict[int, Ways] = {}
    for part in (history, redis):
        for day, ways in part.items():
            known = days.setdefault(day, {})
            known.update({way: max(spent, known.get(way, spent)) for way, spent in ways.items()})
    return days
