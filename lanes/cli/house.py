"""What the commands share: the settings, and the store and views made from them on demand."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from lanes import config
from lanes.config import Settings
from lanes.store.alerts import Alerts
from lanes.store.connect import connect
from lanes.store.mtas import Mtas
from lanes.store.store import Store
from lanes.store.views import Views


class House:
    """Settings from a file, and what hangs on them."""

    def __init__(self, path: Path | None) -> None:
        self.path = path

    @functools.cached_property
    def settings(self) -> Settings:
        """The effective settings. Raises :class:`lanes.config.ConfigError`."""
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
    def alerts(self) -> Alerts:
        """This MTA's alerts."""
        return Alerts(self.store, self.settings)

    @functools.cached_property
    def mtas(self) -> Mtas:
        """This MTA and those that share its Redis."""
        return Mtas(self.store, self.settings)


def with_house(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the :class:`House` as its first argument."""

    @functools.wraps(command)
    @click.pass_obj
    def call(path: Path | None, *args: Any, **kwargs: Any) -> Any:
        return command(House(path), *args, **kwargs)

    return call
