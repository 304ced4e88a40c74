"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "queue_sla_metrics",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("queue_type", sa.String(32), nullable=False),
        sa.Column("message_count", sa.BigInteger, nullable=False),
        sa.Column("avg_queue_time_ms", sa.BigInteger),
        sa.Column("p50_queue_time_ms", sa.BigInteger),
        sa.Column("p95_queue_time_ms", sa.BigInteger),
        sa.Column("p99_queue_time_ms", sa.BigInteger),
        sa.Column("sla_violations", sa.BigInteger, nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("queue_type", "measured_at", name="uq_queue_sla_metrics"),
    )
    op.create_index("ix_queue_sla_metrics_measured_at", "queue_sla_metrics", ["measured_at"])
    op.create_table(
        "queue_sla_periods",
        sa.Column("metric_id", _ID, sa.ForeignKey("queue_sla_metrics.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("seconds", sa.Integer, nullable=False),
        sa.Column("fields", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    """Drop them, and all history with them."""
    op.drop_table("queue_sla_periods")
    op.drop_table("queue_sla_metrics")
