"""What was spent: by lane and relay since the beginning and day by day, by sender, and of budgets.

It is booked when a message settles (:mod:`lanes.store.settling`); here it is read. Days are of UTC, counted from
1970 (Unix time // 86400), and kept for :data:`~lanes.store.settling.SPENT_FOR`; SQL history is for longer. Of the
senders of a day, only the :data:`~lanes.store.settling.SPENDERS` that spent most are known: one that was forgotten
and comes back begins at 0, so the last of them are counted too low.

Failure: :class:`redis.RedisError`. What cannot be read is nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import cast

from redis import Redis

from lanes.config import Settings
from lanes.routes.cost import DAY, Spent
from lanes.store.keys import Keys, SharedKeys, text
from lanes.store.settling import SPENT_FOR
from lanes.store.stored import count

#: By lane and relay.
Ways = dict[tuple[str, str], Spent]


class Costs:
    """One MTA's books; of budgets, all MTAs' that share its Redis."""

    def __init__(self, client: Redis, settings: Settings) -> None:
        self._client = client
        self._mta = settings.mta.name
        self._keys = Keys(self._mta)
        self._budgets = list(settings.budgets)

    def totals(self) -> Ways:
        """Since the beginning."""
        return _ways(cast("dict[bytes, bytes]", self._client.hgetall(self._keys.costs)))

    def days(self, days: Iterable[int]) -> dict[int, Ways]:
        """On each of these days; one round trip."""
        wanted = list(days)
        with self._client.pipeline(transaction=False) as pipe:
            for day in wanted:
                pipe.hgetall(self._keys.spent(day))
            return dict(zip(wanted, map(_ways, pipe.execute()), strict=True))

    def senders(self, days: Iterable[int]) -> Counter[str]:
        """What senders spent on these days together, in micro-units."""
        with self._client.pipeline(transaction=False) as pipe:
            for day in days:
                pipe.zrange(self._keys.spenders(day), 0, -1, withscores=True)
            spent: Counter[str] = Counter()
            for members in pipe.execute():
                spent.update({text(sender): int(micro) for sender, micro in members})
            return spent

    def budgets(self, now: float) -> dict[str, int]:
        """What was spent of each budget today, with all MTAs together, in micro-units."""
        if not self._budgets:
            return {}
        mtas = {self._mta, *map(text, cast("list[bytes]", self._client.zrange(SharedKeys.mtas, 0, -1)))}
        fields = [f"budget:{name}" for name in self._budgets]
        with self._client.pipeline(transaction=False) as pipe:
            for mta in mtas:
                pipe.hmget(Keys(mta).spent(int(now // DAY)), fields)
            parts = pipe.execute()
        columns = zip(*parts, strict=True)
        return {name: sum(map(count, column)) for name, column in zip(self._budgets, columns, strict=True)}


def kept_days(now: float) -> range:
    """The days that Redis keeps, the oldest first."""
    today = int(now // DAY)
    return range(today - SPENT_FOR // DAY + 1, today + 1)


def _ways(stored: Mapping[bytes, bytes]) -> Ways:
    found: defaultdict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for field, amount in stored.items():
        what, _, way = text(field).partition(":")
        lane, colon, relay = way.partition(":")
        if what in Spent._fields and colon:
            found[lane, relay][what] = count(amount)
    return {way: Spent(**amounts) for way, amounts in found.items()}
