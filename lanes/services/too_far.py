"""Deadlines and leases that are further away than they can be: who wrote them down went by a clock that was ahead.

Held mail with such a deadline would be held for as long as that clock was ahead, and so would a claim that nobody
carries out. Mail gets the deadline that it would have if it came now, a claim the lease of one that is made now. Part
of the manager's turn; a look costs two round trips every :data:`EVERY` seconds.

Failure: :class:`redis.RedisError`, and the next turn looks again.
"""

from __future__ import annotations

import structlog
from msgspec import structs

from lanes.config import Settings
from lanes.life import State
from lanes.store.keys import member
from lanes.store.orders import Found, Orders
from lanes.store.store import CHUNK, Store

log = structlog.get_logger("lanes.manager")

#: Seconds between two looks ...
EVERY = 1.0
#: ... and by which clocks may differ.
TOLERANCE = 2.0


class TooFar:
    """One MTA's."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._lanes = settings.lanes
        self._lease = settings.manager.lease
        self._store = store
        self._orders = Orders(store, settings)
        self._looked = 0.0

    def turn(self, now: float) -> int:
        """Bring near what is too far, if it is time to look; how many messages. ``now`` is Unix time in seconds."""
        if 0 <= now - self._looked < EVERY:
            return 0
        self._looked = now
        brought = sum(self._bring(id, now) for id in self._far(now))
        if brought:
            log.warning("deadlines were further away than can be: a clock was ahead; they are brought near",
                        messages=brought)
        if claims := self._store.shorten_claims(now + self._lease, TOLERANCE):
            log.warning("leases were further away than can be: a clock was ahead; they are brought near",
                        messages=claims)
        return brought + claims

    def _far(self, now: float) -> list[str]:
        with self._store.client.pipeline(transaction=False) as pipe:
            for name, lane in self._lanes.items():
                key = self._store.keys.state(State.HELD, name)
                pipe.zrangebyscore(key, f"({now + lane.sla + TOLERANCE}", "+inf", 0, CHUNK)
            return [member(id) for ids in pipe.execute() for id in ids]

    def _bring(self, id: str, now: float) -> bool:
        record = self._store.records([id]).get(id)
        if record is None or record.lane not in self._lanes:
            return False
        near = structs.replace(record, accepted=min(record.accepted, now), deadline=now + self._lanes[record.lane].sla)
        return self._orders.relane(Found(id, record, State.HELD), near)
