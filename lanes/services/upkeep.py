"""When Redis is brought in line with the spool: at the manager's start, on a timer, and when Redis is another.

After a fail-over the new master may lack what the old one heard last, and after a restart Redis what it had
not yet synced; that is a matter of seconds, and one message of it may be on hold.

Part of the manager's turn. Failure: :class:`redis.RedisError`, and the next turn asks again.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog

from lanes.config import Settings
from lanes.store.inventory import Inventory

log = structlog.get_logger("lanes.upkeep")


class Upkeep:
    """One MTA's upkeep. ``reconcile`` has it done: :func:`lanes.jobs.queues.enqueue_reconcile`."""

    def __init__(self, settings: Settings, inventory: Inventory, reconcile: Callable[[], None]) -> None:
        self._every = settings.manager.reconcile_every
        self._inventory = inventory
        self._reconcile = reconcile
        self._due = 0.0

    def turn(self, now: float) -> None:
        """Ask for it, if it is time to; ``now`` is Unix time in seconds."""
        if self._inventory.begin():
            log.warning("redis was started anew, or is another one; it is brought in line with the spool")
            self._due = now
        if now >= self._due:
            self._reconcile()
            self._due = now + self._every
