"""What only one of the managers does for all MTAs: notice that one of them is silent as a whole.

Part of the manager's turn, at the watch's pace: it puts its MTA into the register, and asks whether it leads.
The leader watches those who cannot tell of themselves any more (:class:`~lanes.store.mtas.Mtas`). A leader
that is silent for three turns is followed by another, whose watch goes on where its own was.

Contract: what the leader writes counts only while it leads, so that nothing is told twice even when one that
was stopped for a while wakes up and goes on.

Failure: :class:`redis.RedisError`, and the next turn asks again.
"""

from __future__ import annotations

import contextlib

from lanes.config import Settings
from lanes.services.watch import Notify, Watch, nobody
from lanes.sla.alerts import State
from lanes.store.leader import Leader, SupersededError
from lanes.store.mtas import Mtas
from lanes.store.store import Store

#: Turns that a leader may miss.
_PATIENCE = 3


class Lead:
    """One manager's part in it."""

    def __init__(self, settings: Settings, store: Store, notify: Notify = nobody) -> None:
        self._every = settings.manager.alerts_every
        self._leader = Leader(store.client, settings.mta.name, self._every * _PATIENCE)
        self._mtas = Mtas(store, settings, self._leader.write)
        self._watch = Watch(settings, self._mtas, notify)
        self._last = 0.0

    def turn(self, now: float) -> list[State]:
        """What has fired or cleared about the others, if it is time to look and ours to tell."""
        if 0 <= now - self._last < self._every:
            return []
        self._last = now
        self._mtas.heard(now)
        if self._leader.turn():
            with contextlib.suppress(SupersededError):
                return self._watch.turn(now)
        return []
