"""What was spent, by lane, relay and day (of UTC), for as long as one wants to know.

Contract: a row grows with its day, and never shrinks: what two managers write, or a Redis that forgot, changes
nothing that is larger already. Amounts are whole micro-units, exact.

Failure: :class:`sqlalchemy.exc.SQLAlchemyError`; of what a method writes, then nothing is.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Engine, delete, select

from lanes.history.database import READING
from lanes.history.dialects import INSERT
from lanes.history.tables import costs
from lanes.routes.cost import Spent

_EPOCH = date(1970, 1, 1).toordinal()

#: Day (Unix time // 86400) -> (lane, relay) -> what was spent.
Days = Mapping[int, Mapping[tuple[str, str], Spent]]


class CostHistory:
    """The rows of one MTA."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def write(self, days: Days) -> None:
        """Keep what is more than what is kept already, in one transaction."""
        rows = [_columns(day, *way, spent) for day, ways in days.items() for way, spent in ways.items()]
        if not rows:
            return
        with self._engine.begin() as connection:
            upsert = INSERT[connection.dialect.name](costs)
            more = {name: upsert.excluded[name] for name in ("messages", "cost_micro", "premium_micro")}
            connection.execute(upsert.on_conflict_do_update(
                index_elements=list(costs.primary_key), set_=more, where=costs.c.messages < upsert.excluded.messages,
            ), rows)  # fmt: skip

    def read(self, first: int, last: int) -> dict[int, dict[tuple[str, str], Spent]]:
        """From one day to another, both included."""
        wanted = select(costs).where(costs.c.day >= _date(first), costs.c.day <= _date(last)).order_by(costs.c.day)
        found: dict[int, dict[tuple[str, str], Spent]] = {}
        with self._engine.connect().execution_options(**{READING: True}) as connection:
            for row in connection.execute(wanted):
                spent = Spent(row.messages, row.cost_micro, row.premium_micro)
                found.setdefault(row.day.toordinal() - _EPOCH, {})[row.lane, row.relay] = spent
        return found

    def prune(self, before: int) -> None:
        """Forget the days before one."""
        with self._engine.begin() as connection:
            connection.execute(delete(costs).where(costs.c.day < _date(before)))


def _columns(day: int, lane: str, relay: str, spent: Spent) -> dict[str, Any]:
    return {"day": _date(day), "lane": lane, "relay": relay, "messages": spent.messages, "cost_micro": spent.micro,
            "premium_micro": spent.premium}


def _date(day: int) -> date:
    return date.fromordinal(_EPOCH + day)
