"""What is of this host: ``data_dir``, and the history's database."""

from __future__ import annotations

import shutil
from pathlib import Path

from lanes.config import Settings
from lanes.doctor.facts import HistorySeen, PlaceSeen


def place(settings: Settings) -> PlaceSeen:
    """``data_dir``."""
    path, scheme_and_socket = Path(settings.data_dir), settings.milter.socket.partition(":")
    socket = Path(scheme_and_socket[2])
    filter_user = socket.stat().st_uid if scheme_and_socket[0] in ("unix", "local") and socket.exists() else None
    if not path.is_dir():
        return PlaceSeen(there=False, owner=0, mode=0, free=0, filter_user=filter_user)
    found = path.stat()
    return PlaceSeen(True, found.st_uid, found.st_mode & 0o7777, shutil.disk_usage(path).free, filter_user)


def history(settings: Settings) -> HistorySeen:
    """Whether its database can be reached; nothing is made that is not there."""
    from sqlalchemy import text  # noqa: PLC0415 - SQL costs a third of a second
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415

    from lanes.history.database import READING, open_database  # noqa: PLC0415

    engine = open_database(settings, existing=True)
    try:
        with engine.connect().execution_options(**{READING: True}) as connection:
            connection.execute(text("SELECT count(*) FROM queue_sla_metrics"))
    except SQLAlchemyError as error:
        return HistorySeen(str(error).splitlines()[0])
    finally:
        engine.dispose()
    return HistorySeen("")
