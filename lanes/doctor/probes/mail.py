"""Mail that is on hold: what Redis says, and what the spool does."""

from __future__ import annotations

from itertools import islice
from typing import cast

from lanes.config import Settings
from lanes.doctor.facts import HeldSeen, SpoolSeen
from lanes.life import State
from lanes.mta import choose
from lanes.mta.port import Hold, Queue
from lanes.services.difference import difference
from lanes.services.reconcile import PATIENCE
from lanes.store.inventory import Inventory
from lanes.store.keys import text
from lanes.store.store import Store
from lanes.store.views import Views

#: Messages of a kind that are looked at.
_SOME = 1000


def held(store: Store, settings: Settings, now: float) -> HeldSeen:
    """Raises :class:`redis.RedisError`."""
    grace = settings.manager.lease
    overdue = {lane: _overdue(store, lane, now - grace) for lane in settings.by_rank()}
    paused = [status.lane for status in Views(store, settings).status(now) if status.paused]
    claims = store.expired_claims(now - grace)[:_SOME]
    return HeldSeen({lane: ids for lane, ids in overdue.items() if ids}, paused, claims)


def _overdue(store: Store, lane: str, before: float) -> list[str]:
    """Some of a lane's held messages whose deadline was before an instant, the earliest first."""
    ids = cast("list[bytes]", store.client.zrange(store.keys.state(State.HELD, lane), "-inf", before, byscore=True,
                                                  offset=0, num=_SOME))
    return [text(id) for id in ids]


def spool(store: Store, settings: Settings, now: float) -> SpoolSeen:
    """Raises :class:`redis.RedisError`, and :class:`~lanes.mta.port.MtaError` if the spool cannot be read."""
    control = choose.control(settings)
    where, live = control.where(), Inventory(store, settings).live()
    differs = difference(live, where, now, PATIENCE)
    on_hold = islice((id for id in differs.unknown if where[id] is Queue.HOLD), _SOME)
    unknown = [id for id, said in control.marks(on_hold) if said.hold is Hold.OURS and said.arrived < now - PATIENCE]
    return SpoolSeen(unknown, sum(map(len, differs.wrong.values())))
