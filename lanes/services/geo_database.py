"""A database of where addresses are: a GeoLite2-Country file, or another in MaxMind's format that has countries
(https://maxmind.github.io/MaxMind-DB/, https://dev.maxmind.com/geoip/docs/databases/city-and-country).

Contract: the file is read as a whole, so that nobody minds what becomes of it later; one that was replaced is read
by :meth:`GeoDatabase.refresh`. What the file says is checked: a country is two letters, or it is none.

Failure: :class:`GeoError`, which says what is wrong and what to do. A file that was good before is then still used.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import maxminddb

from lanes.message import printable

DAY = 86400
#: Days after which a file is old: addresses move. Databases are made anew every few days.
OLD = 60
_ISO = re.compile("[A-Z]{2}", re.ASCII)
_GET = "get a GeoLite2-Country.mmdb (geoipupdate fetches it), or set roads.geo_database to \"\""


class GeoError(Exception):
    """There is no database to be asked."""


class GeoDatabase:
    """The database in a file, read by :meth:`refresh`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reader: maxminddb.Reader | None = None
        self._seen: tuple[int, int, int] | None = None

    @property
    def is_read(self) -> bool:
        """Whether there is a database to be asked."""
        return self._reader is not None

    def days_old(self, now: float) -> int:
        """How long ago the database was made; 0 before it was read."""
        return int((now - self._reader.metadata().build_epoch) // DAY) if self._reader else 0

    def is_old(self, now: float) -> bool:
        """Whether it should be fetched anew."""
        return self.days_old(now) > OLD

    def refresh(self) -> bool:
        """Read the file if it is another one than before; whether it was. Raises :class:`GeoError`."""
        try:
            with self._path.open("rb") as file:
                status = os.fstat(file.fileno())
                seen = (status.st_ino, status.st_mtime_ns, status.st_size)
                if seen == self._seen:
                    return False
                self._seen = seen
                reader = maxminddb.open_database(file, maxminddb.MODE_FD)
                kind = str(reader.metadata().database_type)
        except OSError as error:
            self._seen = None
            raise GeoError(f"cannot read {self._path}: {error.strerror}; {_GET}") from error
        except Exception as error:  # whatever is in the file
            raise GeoError(f"{self._path} is no MaxMind database, or it is damaged: {_said(error)}; {_GET}") from error
        if "Country" not in kind and "City" not in kind:
            raise GeoError(f"{self._path} has no countries: it is a {printable(kind, 80)!r}; {_GET}")
        self._reader = reader
        return True

    def country(self, address: str) -> str:
        """The country of an IP address, as a code of ISO 3166-1 in lower case; empty if the database has none."""
        try:
            record = self._reader.get(address) if self._reader else None
        except Exception:  # noqa: BLE001 - an IPv6 address in a database of IPv4, or a damaged part of the file
            return ""
        codes = (_code(record, part) for part in ("country", "registered_country"))
        return next(filter(None, codes), "")


def _code(record: object, part: str) -> str:
    found = record.get(part) if isinstance(record, dict) else None
    code = found.get("iso_code") if isinstance(found, dict) else None
    return code.lower() if isinstance(code, str) and _ISO.fullmatch(code) else ""


def _said(error: Exception) -> str:
    return printable(str(error) or type(error).__name__, 160)
