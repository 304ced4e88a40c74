"""An MTA's house: the settings, and what hangs on them, made on demand.

Contract: cheap to make; nothing is connected before it is used. Failure: :class:`lanes.config.ConfigError` from
``settings``, :class:`redis.RedisError` from what asks Redis.
"""

from __future__ import annotations

import functools
from pathlib import Path

from lanes import config
from lanes.config import Settings
from lanes.store.alerts import Alerts
from lanes.store.connect import connect
from lanes.store.costs import Costs
from lanes.store.domains import Domains
from lanes.store.mtas import Mtas
from lanes.store.relays import Relays
from lanes.store.store import Store
from lanes.store.views import Views


class House:
    """Settings from a file, and what hangs on them."""

    def __init__(self, path: Path | None) -> None:
        self.path = path

    @functools.cached_property
    def settings(self) -> Settings:
        """The effective settings."""
        return config.load(self.path)

    @functools.cached_property
    def store(self) -> Store:
        """The store of this MTA."""
        return Store(connect(self.settings), self.settings)

    @functools.cached_property
    def views(self) -> Views:
        """This MTA, looked at."""
        return Views(self.store, self.settings)

    @functools.cached_property
    def domains(self) -> Domains:
        """This MTA's recipient domains."""
        return Domains(self.store.client, self.store.keys, self.settings)

    @functools.cached_property
    def alerts(self) -> Alerts:
        """This MTA's alerts."""
        return Alerts(self.store, self.settings)

    @functools.cached_property
    def mtas(self) -> Mtas:
        """This MTA and those that share its Redis."""
        return Mtas(self.store, self.settings)

    @functools.cached_property
    def relays(self) -> Relays:
        """The relays of all MTAs."""
        return Relays(self.store.client, self.settings)

    @functools.cached_property
    def costs(self) -> Costs:
        """This MTA's books."""
        return Costs(self.store.client, self.settings)
