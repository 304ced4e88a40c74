"""How many messages were in time and how many were not, over the last minutes, hours and days.

The totals since the beginning are written down once a minute; what happened in some span of time is their
difference. So a span costs one look, however long it is, and a settlement nothing.

Contract: a span is longer than asked for by what lies between two entries: a minute, or as long as nobody
kept the ledger. It is shorter where the ledger begins later. Two may keep it at once.

Failure: :class:`redis.RedisError`. An entry that cannot be read is nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

import msgspec

from lanes.config import Settings
from lanes.sla.objective import SPANS, Outcomes
from lanes.store.store import Store
from lanes.store.stored import count, decoded

_EVERY = 60.0
_KEPT_FOR = max(SPANS) + 3600.0


class _Entry(msgspec.Struct, frozen=True, array_like=True):
    """Totals at an instant, by lane: delivered in time, and after the deadline."""

    at: float
    lanes: dict[str, tuple[int, int]]


_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(_Entry).decode


class Ledger:
    """One MTA's ledger."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._client = store.client
        self._key = store.keys.ledger
        self._totals = store.keys.totals
        self._lanes = tuple(settings.lanes)

    def note(self, now: float) -> None:
        """Make an entry, if the last one is a minute old; forget what is older than anybody looks back."""
        if self._client.zcount(self._key, now - _EVERY + 0.001, "+inf"):
            return
        entry = _Entry(now, self._now())
        with self._client.pipeline(transaction=False) as pipe:
            pipe.zadd(self._key, {_pack(entry): now})
            pipe.zremrangebyscore(self._key, "-inf", now - _KEPT_FOR)
            pipe.execute()

    def lately(self, now: float, spans: Iterable[float] = SPANS) -> dict[str, dict[float, Outcomes]]:
        """Of each lane, the outcomes of the last so many seconds; two round trips."""
        wanted = list(spans)
        with self._client.pipeline(transaction=False) as pipe:
            pipe.zrange(self._key, 0, 0)
            for span in wanted:
                pipe.zrevrangebyscore(self._key, now - span, "-inf", 0, 1)
            first, *found = pipe.execute()
        entries = {span: _entry(members or first) for span, members in zip(wanted, found, strict=True)}
        totals = self._now()
        return {
            lane: {span: _difference(lane, totals, entry.lanes) if entry else Outcomes()
                   for span, entry in entries.items()}
            for lane in self._lanes
        }  # fmt: skip

    def _now(self) -> dict[str, tuple[int, int]]:
        fields = [f"{what}:{lane}" for lane in self._lanes for what in ("kept", "missed")]
        counts = iter(map(count, cast("list[bytes | None]", self._client.hmget(self._totals, fields))))
        return {lane: (next(counts), next(counts)) for lane in self._lanes}


def _entry(members: Any) -> _Entry | None:
    return decoded(_unpack, members[0]) if members else None


def _difference(lane: str, now: Mapping[str, tuple[int, int]], then: Mapping[str, tuple[int, int]]) -> Outcomes:
    kept, missed = (max(new - old, 0) for new, old in zip(now[lane], then.get(lane, (0, 0)), strict=True))
    return Outcomes(kept + missed, missed)
