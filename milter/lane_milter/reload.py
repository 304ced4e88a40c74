"""Settings, rules and phrases, loaded again when told to (SIGHUP) or when one of their files changed.

Contract: a new :class:`~lane_milter.gate.Gate` takes the old one's place between two messages. A file
that cannot be used changes nothing: the old rules go on, the log says what is wrong and where, and
``lanes_reloads_total{result="failed"}`` counts it. Where the filter listens is not reloaded.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import structlog

from lane_milter import metrics
from lanes.config import ConfigError, Settings, load
from lanes.policy.files import BUILTIN

log = structlog.get_logger("lanes.filter")

Stamp = tuple[tuple[str, float | None], ...]


class Reloader:
    """Watches the files behind ``settings``; ``use`` puts new settings to work or raises ConfigError."""

    def __init__(self, path: Path | None, settings: Settings, use: Callable[[Settings], None]) -> None:
        self._path = path
        self._mta = settings.mta.name
        self._use = use
        self._files = _files(path, settings)
        self._stamp = _stamp(self._files)
        self.asked = threading.Event()
        """Set by SIGHUP."""

    def look(self) -> None:
        """Load again if asked to, or if a file is not what it was."""
        stamp = _stamp(self._files)
        if stamp == self._stamp and not self.asked.is_set():
            return
        self.asked.clear()
        self._stamp = stamp
        self._load()

    def _load(self) -> None:
        try:
            settings = load(self._path)
            self._use(settings)
        except ConfigError as error:
            metrics.RELOADS.labels(self._mta, "failed").inc()
            log.error("cannot use the new settings; the old ones go on", error=str(error))
        else:
            metrics.RELOADS.labels(self._mta, "done").inc()
            self._files = _files(self._path, settings)
            self._stamp = _stamp(self._files)
            log.info("settings loaded again")


def _files(path: Path | None, settings: Settings) -> list[Path]:
    names = [*settings.policy.rules, *settings.policy.phrases]
    return [*([path] if path else []), *(Path(name) for name in names if name != BUILTIN)]


def _stamp(files: list[Path]) -> Stamp:
    """What the files look like from outside; None for one that is not there."""
    return tuple((str(file), file.stat().st_mtime if file.exists() else None) for file in files)
