"""The database of a site's history: SQLite in ``data_dir``, or PostgreSQL by URL.

Contract: :func:`open_database` connects to nothing yet. A transaction that writes is alone from its
beginning (in SQLite, which would otherwise fail halfway), so that two managers wait for each other.
:func:`migrate` may run at any time, twice at once.

Failure: :class:`~lanes.config.ConfigError` for a URL that cannot be used, later
:class:`sqlalchemy.exc.SQLAlchemyError`, and ``alembic``'s :class:`CommandError` for a database that a
younger mta-lanes has already changed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

from alembic import command
from alembic.config import Config
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from lanes.config import ConfigError, Settings

#: The execution option of a connection that only reads.
READING = "reading"

_KEY = "history.url"
#: Seconds to wait for a server to answer, and for another's transaction to end.
_PATIENCE = 5
_MIGRATIONS = Path(__file__).parent / "migrations"
#: Of pg_advisory_xact_lock: any number that nobody else uses.
_MIGRATING = 0x6C616E6573


def open_database(settings: Settings, *, existing: bool = False) -> Engine:
    """The engine of the configured database.

    An ``existing`` one is not made: whoever only looks would own the file that the manager is to write.
    """
    try:
        url = _url(settings)
        if existing and url.get_backend_name() == "sqlite":
            url = url.set(database=f"file:{quote(url.database or '')}", query={"mode": "rw", "uri": "true"})
        engine = create_engine(url, pool_pre_ping=True, connect_args=_ARGUMENTS.get(url.get_backend_name(), {}))
    except (ArgumentError, NoSuchModuleError) as error:
        raise ConfigError(f"not a database: {error}", key=_KEY) from error
    except ModuleNotFoundError as error:
        raise ConfigError(f"needs a package that is not installed: {error.name} "
                          "(PostgreSQL: pip install 'mta-lanes[postgresql]')", key=_KEY) from error
    if url.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def migrate(engine: Engine) -> None:
    """Bring the tables up to date; nothing is done if they are."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATING})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


_ARGUMENTS: dict[str, dict[str, Any]] = {
    "sqlite": {"timeout": _PATIENCE},
    "postgresql": {"connect_timeout": _PATIENCE},
}


def _url(settings: Settings) -> URL:
    if not settings.history.url:
        return URL.create("sqlite", database=str(Path(settings.data_dir).absolute() / "history.db"))
    url = make_url(settings.history.url)
    if url.get_backend_name() not in _ARGUMENTS:
        raise ConfigError(f"found {url.get_backend_name()!r}, allowed: sqlite:///PATH or postgresql://HOST/NAME",
                          key=_KEY)
    return url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url


def _set_up_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun by us
    for setting in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {setting}")


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get(READING)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
