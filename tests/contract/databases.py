"""A database by its URL, as the settings would have it."""

from __future__ import annotations

from sqlalchemy import Engine

from lanes.config.load import parse
from lanes.history.database import open_database


def database(url: str) -> Engine:
    return open_database(parse(f'history.url = "{url}"'))
