"""What was spent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "relay_costs",
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("lane", sa.String(32), primary_key=True),
        sa.Column("relay", sa.String(32), primary_key=True),
        sa.Column("messages", sa.BigInteger, nullable=False),
        sa.Column("cost_micro", sa.BigInteger, nullable=False),
        sa.Column("premium_micro", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    """Drop it, and what is known of older days with it."""
    op.drop_table("relay_costs")
