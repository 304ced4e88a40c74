"""What operators order, in Redis: which messages they mean, changes of lane, pauses, and the audit.

Looking for messages by lane, domain or sender reads whole lanes, chunk by chunk: it is for people, not
for the manager. Failure: :class:`redis.RedisError`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, cast

import msgspec
from redis import Redis

from lanes.config import Settings
from lanes.life import State
from lanes.message import Record
from lanes.store import scripts
from lanes.store.keys import member
from lanes.store.packed import pack
from lanes.store.store import CHUNK, Store
from lanes.store.stored import decoded

#: Orders that the audit keeps.
AUDITED = 1000


class Selection(NamedTuple):
    """Which messages are meant: some ids, or all that fit every criterion that is given."""

    ids: tuple[str, ...] = ()
    lane: str = ""
    domain: str = ""
    sender: str = ""

    def fits(self, record: Record) -> bool:
        """Whether a message is meant, as far as its record tells."""
        asked = ((self.lane, record.lane), (self.domain, record.domain), (self.sender, record.sender))
        return all(not wanted or wanted.lower() == found.lower() for wanted, found in asked)


class Found(NamedTuple):
    """A message that is meant."""

    id: str
    record: Record
    state: State


class Orders:
    """One MTA's operators."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._client: Redis = store.client
        self._keys = store.keys
        self._relane = scripts.load(store.client, "relane")

    def find(self, selection: Selection, states: Iterable[State], *, upward: bool = False) -> Iterator[Found]:
        """The messages that are meant and in one of ``states``, lane by lane, downward or upward.

        Who moves them on to the next lane in the other direction meets none of them twice.
        """
        lanes = self._settings.by_rank()
        for lane in reversed(lanes) if upward else lanes:
            if selection.lane in ("", lane):
                for state in states:
                    yield from self._in(state, lane, selection)

    def _in(self, state: State, lane: str, selection: Selection) -> Iterator[Found]:
        key = self._keys.state(state, lane)
        ids = self._named(key, selection.ids) if selection.ids else self._all(key)
        while chunk := list(itertools.islice(ids, CHUNK)):
            for id, record in self._store.records(chunk).items():
                if selection.fits(record):
                    yield Found(id, record, state)

    def _named(self, key: str, ids: tuple[str, ...]) -> Iterator[str]:
        scores = self._client.zmscore(key, list(ids))
        return (id for id, score in zip(ids, scores, strict=True) if score is not None)

    def _all(self, key: str) -> Iterator[str]:
        """Every id that is there from the beginning to the end of the scan; each once."""
        seen = dict.fromkeys(cast("bytes", id) for id, _ in self._client.zscan_iter(key, count=CHUNK))
        return (member(id) for id in seen)

    def relane(self, found: Found, record: Record) -> bool:
        """Let a message be what ``record`` says, in another lane; whether it still was where it was found."""
        old, new = self._store.domain(found.record), self._store.domain(record)
        keys = [*self._keys.place_of(found.record.lane, old), *self._keys.place_of(record.lane, new)]
        args: list[str | float | bytes] = [found.id, old, new, record.deadline, record.accepted, pack(record)]
        return bool(self._relane(keys, args))

    def pause(self, what: str) -> None:
        """Let nothing of ``lane:<lane>`` or ``domain:<domain>`` go until :meth:`resume`."""
        self._client.sadd(self._keys.paused, what)

    def resume(self, what: str) -> None:
        """Let it go again."""
        self._client.srem(self._keys.paused, what)

    def note(self, order: Mapping[str, object]) -> None:
        """Put an order on record."""
        with self._client.pipeline() as pipe:
            pipe.lpush(self._keys.audit, msgspec.json.encode(order))
            pipe.ltrim(self._keys.audit, 0, AUDITED - 1)
            pipe.execute()

    def audit(self, count: int) -> list[dict[str, object]]:
        """The last orders, the newest first."""
        noted = cast("list[bytes]", self._client.lrange(self._keys.audit, 0, count - 1))
        return [order for packed in noted if isinstance(order := decoded(msgspec.json.decode, packed), dict)]
