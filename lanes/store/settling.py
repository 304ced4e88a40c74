"""The ends of messages' lives: settled, measured and paid for, each once, in one script a lane and minute.

Money is booked in the same script that settles a message, so it is booked exactly if the message settles, and
once, however often the log is read (:mod:`lanes.routes.cost` says what a message costs).

Failure: :class:`redis.RedisError`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import NamedTuple

import msgspec
from redis import Redis

from lanes.config import Settings
from lanes.life import Result
from lanes.message import Record
from lanes.routes.carrier import Carriers
from lanes.routes.cost import DAY, Budgets, price
from lanes.sla.period import Delivery, Period, due
from lanes.store import scripts
from lanes.store.keys import Keys

#: Seconds for which a minute's histogram is kept in Redis; SQL history is for longer.
HISTOGRAM_FOR = 7 * 86400
#: Seconds for which it is kept what was spent on a day, by whom.
SPENT_FOR = 35 * DAY
#: Senders of a day that are remembered by what they spent; those that spent least are forgotten first.
SPENDERS = 10_000

_pack = msgspec.msgpack.Encoder().encode


class Settlement(NamedTuple):
    """The end of a message's life."""

    id: str
    result: Result
    at: float
    queue_seconds: float | None = None
    """From acceptance to the last delivery; None if it was not delivered."""
    released: float | None = None
    """When it was released from our hold; None if it never was on it, or if somebody else interfered."""
    transport: str = ""
    """What the MTA's log names for the last delivery; empty: not known."""


Ended = tuple[Settlement, Record]
_End = tuple[str, float, Result, str, Mapping[str, int], Mapping[str, int], int, str]


class Settling:
    """One MTA's. ``domain`` is the one under which a lane batches a message."""

    def __init__(self, client: Redis, keys: Keys, settings: Settings, domain: Callable[[Record], str]) -> None:
        self._client = client
        self._keys = keys
        self._lanes = settings.lanes
        self._relays = settings.relays
        self._carriers = Carriers(settings.relays)
        self._budgets = Budgets(settings.budgets)
        self._domain = domain
        self._settle = scripts.load(client, "settle")

    def __call__(self, ends: Iterable[Ended]) -> list[Ended]:
        """End lives; those that ended now and had not ended before."""
        known = {end.id: (end, record) for end, record in ends}
        groups: defaultdict[tuple[str, int], defaultdict[str, list[_End]]] = defaultdict(lambda: defaultdict(list))
        for end, record in known.values():
            groups[record.lane, int(end.at // 60)][self._domain(record)].append(self._end(end, record))
        with self._client.pipeline(transaction=False) as pipe:
            for (lane, minute), domains in groups.items():
                places = chain(*(self._keys.place_of(lane, domain) for domain in domains))
                args: list[str | int | bytes] = [lane, HISTOGRAM_FOR, SPENT_FOR, SPENDERS]
                args += map(_pack, domains.items())
                self._settle([*self._counts(lane, minute), *places], args, client=pipe)
            return [known[id] for ended in pipe.execute() for id in map(bytes.decode, ended)]

    def _counts(self, lane: str, minute: int) -> list[str]:
        keys, day = self._keys, minute * 60 // DAY
        return [keys.settled, keys.outcomes, keys.totals, keys.histogram(lane, minute), keys.measured(lane),
                keys.costs, keys.spent(day), keys.spenders(day)]

    def _end(self, end: Settlement, record: Record) -> _End:
        """As ``settle.lua`` reads it."""
        delivery = self._delivery(end, record)
        if delivery is None:
            return end.id, end.at, end.result, "", {}, {}, 0, ""
        promise = "kept" if delivery.kept else "missed"
        return end.id, end.at, end.result, promise, Period.of(delivery).fields, *self._bill(end, record)

    def _bill(self, end: Settlement, record: Record) -> tuple[Mapping[str, int], int, str]:
        """What a delivered message costs: by how much which field grows, and what its sender spent."""
        relay = self._carriers.of(end.transport, record.relay)
        if not relay:
            return {}, 0, ""
        cost = price(self._relays, relay)
        fields = {f"{what}:{record.lane}:{relay}": amount for what, amount in cost._asdict().items()}
        charged = {f"budget:{name}": cost.micro for name in self._budgets.of(record.lane, record.sender)}
        return fields | charged, cost.micro, record.sender

    def _delivery(self, end: Settlement, record: Record) -> Delivery | None:
        """What is measured of a message that was delivered."""
        taken, released, lane = end.queue_seconds, end.released, self._lanes.get(record.lane)
        if taken is None:
            return None
        kept = record.accepted + taken <= record.deadline
        if released is None or lane is None:
            return Delivery(taken, kept)
        late = released - due(lane, record.domain, record.accepted, record.deadline)
        return Delivery(taken, kept, max(released - record.accepted, 0.0), max(late, 0.0))
