"""What ``roads.geo_database`` needs: optional packages, and a file that can be read.

A file or a package that is missing stops nothing: `lanes config` says so and fails, the manager says so and goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import structlog

from lanes.config import ConfigError, Settings
from lanes.store.connect import connect
from lanes.store.countries import SharedCountries

log = structlog.get_logger("lanes.locator")

_KEY = "roads.geo_database"


def locator(settings: Settings) -> Callable[[], float] | None:
    """The locator's turn; None if there is nothing that it could do."""
    if not settings.roads.geo_database:
        return None
    try:
        from lanes.services.locator import Locator  # noqa: PLC0415 - needs optional packages
    except ImportError as error:
        log.error("regions go by country codes only", error=str(_not_installed(error)))
        return None
    service = Locator(SharedCountries(connect(settings)), Path(settings.roads.geo_database))
    return lambda: service.turn(time.time())


def days_old(settings: Settings, now: float) -> int | None:
    """The age of a database that is old; None if it is not, or there is none.

    Raises :class:`ConfigError` if it cannot be used.
    """
    if not settings.roads.geo_database:
        return None
    try:
        from lanes.services import geo_database, locator  # noqa: F401, PLC0415 - as above
    except ImportError as error:
        raise _not_installed(error) from error
    database = geo_database.GeoDatabase(Path(settings.roads.geo_database))
    try:
        database.refresh()
    except geo_database.GeoError as error:
        raise ConfigError(str(error), key=_KEY) from error
    return database.days_old(now) if database.is_old(now) else None


def _not_installed(error: ImportError) -> ConfigError:
    return ConfigError(f"{error}: install what it needs, pip install 'mta-lanes[geo]'", key=_KEY)
