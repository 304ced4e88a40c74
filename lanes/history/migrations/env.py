"""Where alembic(1) runs the migrations: on the connection that :mod:`lanes.history.database` hands it."""

from __future__ import annotations

from alembic import context

from lanes.history.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
