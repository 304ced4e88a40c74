"""The job that has deferred messages tried again at once, whatever the MTA's own backoff says.

Contract: it tries what is valid, deferred as far as we know, and deferred in the spool; nothing else in the
payload matters. Done twice it tries twice: how often a message is tried is the manager's to keep.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from lanes.mta.port import Control
from lanes.store.store import Store

log = structlog.get_logger("lanes.retry")


class Retry:
    """Callable as the allow-listed job ``retry``."""

    def __init__(self, store: Store, control: Control) -> None:
        self._store = store
        self._control = control

    def __call__(self, ids: Sequence[str]) -> None:
        """Have messages tried again.

        Raises :class:`~lanes.mta.port.MtaError` if the MTA cannot be told: they are tried a turn later.
        """
        deferred = self._store.deferred(id for id in ids if isinstance(id, str) and self._control.valid(id))
        self._control.retry(deferred)
        log.info("retry", asked=len(ids), deferred=len(deferred))
