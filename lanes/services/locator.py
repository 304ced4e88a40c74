"""The locator: finds out in which country the mail servers of recipient domains stand, for all filters.

A filter never waits for DNS: it notes a domain of which nothing is known, and here the addresses of the domain's
mail servers are asked for, and looked up in a database (``roads.geo_database``).

Contract: runs beside the manager, in a thread of its own, and keeps nothing that matters. Of several MTAs, any that
has a database does it, and none does what another one does. At most :data:`WAVE` domains are asked for in a turn,
one after the other. What was found is good for :data:`GOOD` seconds; what DNS would not say is tried again after
:data:`AGAIN`. A file that was replaced is used from the next turn on.

Failure: :class:`redis.RedisError`. Without a database that can be read, which is said once, nothing is asked, and
recipients are where their domain's country code is.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import structlog

from lanes.message import printable
from lanes.services.geo_database import DAY, GeoDatabase, GeoError
from lanes.services.mail_hosts import MailHosts, UnansweredError
from lanes.store.countries import Located, SharedCountries

log = structlog.get_logger("lanes.locator")

#: Domains that are asked for in a turn ...
WAVE = 5
#: ... and seconds between two turns ...
EVERY = 1.0
#: ... or two looks for a database, if there is none.
_REST = 10.0
#: Seconds for which a country is good ...
GOOD = 7.0 * DAY
#: ... and that DNS does not answer.
AGAIN = 600.0


class Locator:
    """Finds for ``shared``, by the database in a file; ``open_hosts`` opens the way to DNS."""

    def __init__(self, shared: SharedCountries, path: Path,
                 open_hosts: Callable[[], MailHosts] = MailHosts) -> None:
        self._shared = shared
        self._database = GeoDatabase(path)
        self._file = str(path)
        self._open_hosts = open_hosts
        self._hosts: MailHosts | None = None
        self._said = ""

    def turn(self, now: float) -> float:
        """Find some; the seconds until the next turn."""
        try:
            self._hosts = self._hosts or self._open_hosts()
            self._refresh(now)
        except (GeoError, OSError) as error:
            self._say(str(error))
        if self._hosts is None or not self._database.is_read:
            return _REST
        found = {}
        for domain in self._shared.wanted(WAVE):
            found[domain] = self._located(self._hosts, domain, now)
            log.debug("located", domain=printable(domain, 255), country=found[domain].country)
        self._shared.learn(found)
        return EVERY

    def _refresh(self, now: float) -> None:
        if self._database.refresh():
            self._said = ""
            old = self._database.is_old(now)
            said = "the geo database is old: have geoipupdate fetch it anew" if old else "a geo database was read"
            (log.warning if old else log.info)(said, file=self._file, days=self._database.days_old(now))

    def _say(self, error: str) -> None:
        if error != self._said:
            log.error("the geo database cannot be used; regions go by country codes, or by what was read before",
                      error=error)
        self._said = error

    def _located(self, hosts: MailHosts, domain: str, now: float) -> Located:
        try:
            countries = map(self._database.country, hosts.addresses(domain))
            return Located(next(filter(None, countries), ""), now + GOOD)
        except UnansweredError:
            return Located(self._shared.known(domain), now + AGAIN)
