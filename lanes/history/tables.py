"""The tables, as :mod:`lanes.history.migrations` leave them behind.

``queue_sla_metrics`` has exactly the columns of the research paper that the lanes are after, for people and
their reports. Beside each of its rows, ``queue_sla_periods`` keeps what the row was made of, so that rows
can be added up to others without a loss (:mod:`lanes.sla.period`): percentiles alone cannot.

A database, or a schema of it, is one MTA's: the columns name no MTA.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    TypeDecorator,
    UniqueConstraint,
)


class Instant(TypeDecorator[float]):
    """Unix time in seconds here, a time stamp in UTC there; SQLite knows no zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Dialect) -> Any:
        """To the database."""
        if value is None:
            return None
        stamp = datetime.fromtimestamp(value, UTC)
        return stamp.replace(tzinfo=None) if dialect.name == "sqlite" else stamp

    def process_result_value(self, value: Any, dialect: Dialect) -> float | None:
        """From the database."""
        if value is None:
            return None
        return float((value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value).timestamp())


_ID = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData()
metrics = Table(
    "queue_sla_metrics",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("queue_type", String(32), nullable=False),
    Column("message_count", BigInteger, nullable=False),
    Column("avg_queue_time_ms", BigInteger),
    Column("p50_queue_time_ms", BigInteger),
    Column("p95_queue_time_ms", BigInteger),
    Column("p99_queue_time_ms", BigInteger),
    Column("sla_violations", BigInteger, nullable=False),
    Column("measured_at", Instant, nullable=False, index=True),
    UniqueConstraint("queue_type", "measured_at", name="uq_queue_sla_metrics"),
)
"""A row per lane and stretch of time, which begins at ``measured_at``; times are NULL if nothing was delivered."""

periods = Table(
    "queue_sla_periods",
    metadata,
    Column("metric_id", _ID, ForeignKey(metrics.c.id, ondelete="CASCADE"), primary_key=True),
    Column("seconds", Integer, nullable=False),
    Column("fields", LargeBinary, nullable=False),
)
"""How long the stretch is, and its counts, packed."""

costs = Table(
    "relay_costs",
    metadata,
    Column("day", Date, primary_key=True),
    Column("lane", String(32), primary_key=True),
    Column("relay", String(32), primary_key=True),
    Column("messages", BigInteger, nullable=False),
    Column("cost_micro", BigInteger, nullable=False),
    Column("premium_micro", BigInteger, nullable=False),
)
"""A row per day (of UTC), lane and relay: what was delivered, what it cost, and what it would have cost by the
dearest relay, in millionths of ``roads.currency``."""
