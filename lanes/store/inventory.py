"""What Redis holds, told as a whole, for comparing it with the MTA's spool; and how it takes in what it lacks.

Contract: :meth:`Inventory.live` tells every message that is live in a configured lane from the beginning to
the end of the look; one that changes state meanwhile may be missed, or told as it was. Adopting changes only
what is unknown or settled. Both go in chunks, so that Redis answers others in between.

Failure: :class:`redis.RedisError`.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from lanes.config import Settings
from lanes.life import State
from lanes.message import Record
from lanes.store import scripts
from lanes.store.keys import member, raw
from lanes.store.packed import pack
from lanes.store.store import CHUNK, NUMBER, Store


class Known(NamedTuple):
    """Where Redis says that a message is."""

    state: State
    score: float
    """The instant that matters in the state."""


class Found(NamedTuple):
    """A message that the spool has and Redis has not, as it is to be taken in."""

    id: str
    state: State
    score: float
    record: Record


class Inventory:
    """One MTA's index, as a whole."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._keys = store.keys
        self._lanes = tuple(settings.lanes)
        self._adopt = scripts.load(store.client, "adopt")

    def begin(self) -> bool:
        """Whether this Redis was started anew, is another one, was emptied or tampered with: it may lack anything.

        True once. What is kept is the server's run id, which is another after each of these.
        """
        with self._store.client.pipeline(transaction=False) as pipe:
            pipe.info("server")
            pipe.get(self._keys.server)
            info, last = pipe.execute()
        if last == info["run_id"].encode():
            return False
        self._store.client.set(self._keys.server, info["run_id"])
        return True

    def doubt(self) -> None:
        """Have :meth:`begin` say so once more: something here is not as we left it."""
        self._store.client.delete(self._keys.server)

    def live(self) -> dict[str, Known]:
        """Every live message, and where it is said to be."""
        found: dict[str, Known] = {}
        cursors = dict.fromkeys(((state, lane) for state in State for lane in self._lanes), 0)
        while cursors:
            with self._store.client.pipeline(transaction=False) as pipe:
                for (state, lane), cursor in cursors.items():
                    pipe.zscan(self._keys.state(state, lane), cursor, count=CHUNK)
                answers = dict(zip(cursors, pipe.execute(), strict=True))
            for (state, _), (_, members) in answers.items():
                found |= {member(id): Known(state, score) for id, score in members}
            cursors = {place: cursor for place, (cursor, _) in answers.items() if cursor}
        return found

    def drop(self, ids: Iterable[str]) -> int:
        """Let go of those ids of which nothing can be read; how many were anywhere.

        An id and its record are written together, so this is what somebody else wrote, or has overwritten. No
        transition can be carried out on it, since nobody knows its lane. What of it is in the spool is unknown
        then, and taken in (:mod:`lanes.services.reconcile`).
        """
        wanted = list(ids)
        known = self._store.records(wanted)
        strays = [raw(id) for id in wanted if id not in known]
        if not strays:
            return 0
        with self._store.client.pipeline(transaction=False) as pipe:
            for state, lane in itertools.product(State, self._lanes):
                pipe.zrem(self._keys.state(state, lane), *strays)
            for lane in self._lanes:
                pipe.zrem(self._keys.deadlines(lane), *strays)
                pipe.zrem(self._keys.retry(lane), *strays)
            pipe.hdel(self._keys.records, *strays)
            return sum(pipe.execute()[: len(State) * len(self._lanes)])

    def adopt(self, messages: Iterable[Found]) -> Counter[State]:
        """Take messages in; as what, and how many, of those that were not live already. One round trip."""
        groups: defaultdict[tuple[State, str, str], list[Found]] = defaultdict(list)
        for message in messages:
            groups[message.state, message.record.lane, self._store.domain(message.record)].append(message)
        with self._store.client.pipeline(transaction=False) as pipe:
            for (state, lane, domain), group in groups.items():
                keys = [*self._keys.place_of(lane, domain), self._keys.settled, self._keys.totals]
                args: list[str | float | bytes] = [NUMBER[state], domain, lane]
                for id, _, score, record in group:
                    args += [id, score, record.accepted, pack(record)]
                self._adopt(keys, args, client=pipe)
            states = Counter(dict.fromkeys((state for state, _, _ in groups), 0))
            for (state, _, _), adopted in zip(groups, pipe.execute(), strict=True):
                states[state] += adopted
            return states
