"""Looks for messages by what people know of them: an id, an address, a domain.

There is no index of addresses: each message would have to pay for it, and few are ever looked for. An id is asked
for, and what lanes hold for a domain is kept by domain anyway. The rest is looked through, a part of each lane and
state in turn, up to :data:`MOST` messages; then it is said that there may be more. What has settled is looked
through as long as its records are kept, the last first.

Of a message's recipients its record has the first few. Failure: :class:`redis.RedisError`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple, cast

from redis import Redis

from lanes.config import Settings
from lanes.life import State
from lanes.message import Record, first_of, printable
from lanes.store.keys import text
from lanes.store.packed import unpack
from lanes.store.store import CHUNK, Store
from lanes.store.views import SETTLED, Views

#: Messages that one search looks at.
MOST = 20_000
#: Characters by which a record that may fit is told from the rest.
_RARE = 40


class Hit(NamedTuple):
    """A message that was found."""

    id: str
    record: Record
    state: str
    """A :class:`State`, or ``settled``."""


class Result(NamedTuple):
    """What a search found."""

    hits: list[Hit]
    complete: bool
    """Whether there are no more."""
    looked_at: int
    """How many messages were looked at."""


class Wanted:
    """What is looked for, if it is no id: an address, or a domain of a sender or recipient."""

    def __init__(self, words: str) -> None:
        address = words.strip().lower().removeprefix("@")
        local, at, domain = address.rpartition("@")
        self.domain = printable(domain, 255)
        self._sender, self._recipients = (printable(address), first_of((address,))) if at else ("", ())
        self._rare = (local or domain)[:_RARE].encode() if address.isascii() and address.isprintable() else b""

    def may_fit(self, packed: bytes) -> bool:
        """Whether it is worth while to read a record: most are not, and this costs a tenth of it."""
        return self._rare in packed.lower()

    def fits(self, record: Record) -> bool:
        """Whether a message is meant."""
        sender, recipients = record.sender.lower(), [address.lower() for address in record.to]
        if self._sender:
            return sender == self._sender or self._recipients[0] in recipients
        domains = (address.rpartition("@")[2] for address in (sender, *recipients))
        return record.domain == self.domain or self.domain in domains


class _Part(NamedTuple):
    """Where to look, and from which place on."""

    key: str
    start: int = 0
    last_first: bool = False


class Search:
    """Looks for messages of one MTA."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._client: Redis = store.client
        self._keys = store.keys
        self._views = Views(store, settings)
        self._lanes = settings.lanes

    def find(self, words: str, lanes: Sequence[str], states: Collection[str], limit: int) -> Result:
        """The messages of these lanes and states whose id, sender or recipient, or the domain of either, it is."""
        if named := self._store.records([words]):
            return Result(self._placed(named, lanes, states), complete=True, looked_at=1)
        wanted, found = Wanted(words), dict[str, Record]()
        parts, looked_at = deque(self._parts(wanted.domain, lanes, states)), 0
        while parts and looked_at < MOST and len(found) < limit:
            part = parts.popleft()
            ids = self._ids(part)
            looked_at += len(ids)
            found |= self._fitting(ids, wanted)
            if len(ids) == CHUNK:
                parts.append(part._replace(start=part.start + CHUNK))
        hits = self._placed(found, lanes, states)
        return Result(hits[:limit], complete=not parts and len(hits) <= limit, looked_at=looked_at)

    def _parts(self, domain: str, lanes: Sequence[str], states: Collection[str]) -> Iterator[_Part]:
        """Where it may be, where it is most likely first."""
        for lane in lanes:
            if self._lanes[lane].batch:
                yield _Part(self._keys.batch(lane, domain))
                yield _Part(self._keys.busy(lane, domain))
        for lane in lanes:
            yield from (_Part(self._keys.state(state, lane)) for state in State if state in states)
        if SETTLED in states:
            yield _Part(self._keys.settled, last_first=True)

    def _ids(self, part: _Part) -> list[str]:
        ids = self._client.zrange(part.key, part.start, part.start + CHUNK - 1, desc=part.last_first)
        return [text(id) for id in cast("list[bytes]", ids)]

    def _fitting(self, ids: Sequence[str], wanted: Wanted) -> dict[str, Record]:
        if not ids:
            return {}
        packed = cast("list[bytes | None]", self._client.hmget(self._keys.records, list(ids)))
        likely = ((id, unpack(one)) for id, one in zip(ids, packed, strict=True) if one and wanted.may_fit(one))
        return {id: record for id, record in likely if record and wanted.fits(record)}

    def _placed(self, found: dict[str, Record], lanes: Sequence[str], states: Collection[str]) -> list[Hit]:
        """What was found, as far as it is in these lanes and states."""
        placed = self._views.states_of(found)
        hits = (Hit(id, record, placed[id]) for id, record in found.items())
        return [hit for hit in hits if hit.state in states and hit.record.lane in lanes]
