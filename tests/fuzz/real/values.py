"""What programs read back from Redis: any bytes in the place of any value, on a real Valkey.

An input is three parts, a line each: a key without its prefix (``records``, ``owed:bulk``; of all MTAs with a ``*``
before it), a field, member or instant, and a value. What is put there is of the type that belongs there, or nobody
could tell it from a broken Redis; a zset's score is the last part, if that is a number. Then the house goes on for a
lease: the manager's ticks, the tracker's settling, reconcile, the watch, and what people are shown.

What must hold: nothing raises, no answer of the API is an error of the server, and mail that is due is released within
the lease and a reconcile, whatever stands beside it: unless what was put there says that it is paused.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

from redis import Redis, ResponseError

from contrib.sandbox.redis import PrivateRedis
from lanes.history.history import open_history
from lanes.house import House
from lanes.life import Result, State
from lanes.message import Progress, Record
from lanes.mta.port import Control, Hold, Marks, Queue
from lanes.services.lead import Lead
from lanes.services.manager import Manager
from lanes.services.reconcile import Reconcile
from lanes.services.watch import Watch
from lanes.store.settling import Settlement
from lanes.store.store import Candidate
from lanes.web.app import create_app

_SETTINGS = """
web.rate = 1000000
data_dir = "FOLDER"
[lanes.bulk]
batch = { size = 3, max_wait = "1h" }
[relays.economy]
transport = "economy"
cost = 0.001
"""
_NOW = 1_795_500_000.0
_IDS = tuple(f"4jYTDZ4h8gzJC{number}V" for number in range(8))
#: Of a batch that is ripe.
DUE = _IDS[:3]
_LISTS, _STRINGS, _SETS = ("recent", "audit", "waited"), ("server", "term", "quota"), ("paused", "poor", "unlocated")
_ZSETS = (*State, "batch", "sizes", "oldest", "owed", "busy", "tried", "deadlines", "retry", "settled", "ledger",
          "spenders", "senders", "mtas", "flying", "located")  # fmt: skip
_LOOKS = ("overview", "lanes", "messages?q=north.example", "alerts", "sla", "relays", "costs", "audit", "domains",
          f"messages/{_IDS[0]}", "messages/odd")  # fmt: skip


class _Spool:
    """As much of a spool as reconcile looks at: all of it on hold by us."""

    def __init__(self) -> None:
        self.ids: set[str] = set()

    def valid(self, id: str) -> bool:
        return id in self.ids

    def where(self) -> dict[str, Queue]:
        return dict.fromkeys(self.ids, Queue.HOLD)

    def find(self, ids: Iterable[str]) -> dict[str, Queue]:
        return {id: Queue.HOLD for id in ids if id in self.ids}

    def marks(self, ids: Iterable[str]) -> Iterator[tuple[str, Marks]]:
        for id in ids:
            yield id, Marks(Queue.HOLD, Hold.OURS, _NOW, "a@example.net", ("r@north.example",), "News", "bulk", "", "")


class Site:
    """A store with something of everything, and what works on it."""

    def __init__(self, client: Redis, folder: Path) -> None:
        file = folder / "lanes.toml"
        url = cast("str", client.connection_pool.connection_kwargs["path"])
        file.write_text(f'redis.url = "unix://{url}"\n' + _SETTINGS.replace("FOLDER", str(folder)))
        self._client = client
        self._house = House(file)
        self._spool = _Spool()
        open_history(self._house.settings).close()
        self._web = create_app(self._house).test_client()

    def __call__(self, data: bytes) -> None:
        """Put it there, and go on."""
        place, field, value = (*data.split(b"\n", 2), b"", b"")[:3]
        self._client.flushall()
        self._fill()
        if not self._put(place.decode("utf-8", "replace"), field, value):
            return
        released = self._go_on()
        assert place.startswith(b"paused") or released.issuperset(DUE), (place, released)

    def works(self) -> None:
        """Without anything else in Redis, what is due is released."""
        self(b"nothing")

    def _fill(self) -> None:
        store = self._house.store
        for number, id in enumerate(_IDS):
            lane = "bulk" if id in DUE else ("priority", "normal", "bulk")[number % 3]
            domain = "north.example" if id in DUE else "south.example"
            record = Record(lane, _NOW, _NOW + 600, domain, 1, "", "a@example.net", "News", (), (f"r@{domain}",))
            store.admit(id, [Candidate(record)], _NOW)
        store.move("defer", _IDS[4:6], _NOW)
        store.note({_IDS[4]: Progress(sent=1.0)})
        store.settle([Settlement(_IDS[6], Result.DELIVERED, _NOW, 1.0)])
        self._spool.ids = set(DUE)

    def _put(self, place: str, field: bytes, value: bytes) -> bool:
        """Whether Redis took it."""
        keys = self._house.store.keys
        prefix = keys.records.removesuffix("records") if not place.startswith("*") else "lanes:{*}:"
        key, name = prefix + place.removeprefix("*"), place.removeprefix("*").partition(":")[0]
        try:
            if name in _LISTS:
                self._client.lpush(key, value)
            elif name in _STRINGS:
                self._client.set(key, value)
            elif name in _SETS:
                self._client.sadd(key, field)
            elif name in _ZSETS:
                self._client.zadd(key, {field: _number(value)})
            else:
                self._client.hset(key, cast("str", field), cast("str", value))
        except ResponseError:
            return False
        return True

    def _go_on(self) -> set[str]:
        """A lease and a reconcile later; what the manager has had released."""
        settings, store, released = self._house.settings, self._house.store, set[str]()
        manager = Manager(settings, store, released.update, lambda _ids: None)
        watch, lead = Watch(settings, self._house.alerts), Lead(settings, store)
        passing = count(_NOW + 3600)
        reconcile = Reconcile(store, cast("Control", self._spool), settings, passing.__next__, lambda _: None)
        for step in range(3):
            now = _NOW + 60 + step * (settings.manager.lease + 1)
            manager.tick(now)
            watch.turn(now)
            lead.turn(now)
            store.settle([Settlement(_IDS[7], Result.DELIVERED, now, 1.0)])
            store.note({_IDS[5]: Progress(sent=2.0)})
            if step == 1:
                reconcile()
        self._look()
        return released

    def _look(self) -> None:
        for path in _LOOKS:
            answer = self._web.get(f"/api/v1/{path}", headers={"Host": "127.0.0.1"})
            assert answer.status_code < 500, (path, answer.text)
        assert self._web.get("/metrics", headers={"Host": "127.0.0.1"}).status_code == 200


def _number(value: bytes) -> float:
    try:
        number = float(value)
    except ValueError:
        return 1.5
    return 0.0 if math.isnan(number) else number


@contextmanager
def values() -> Iterator[tuple[Callable[[bytes], None], Callable[[], None]]]:
    """The target."""
    with PrivateRedis() as server, TemporaryDirectory() as folder, server.client() as client:
        site = Site(client, Path(folder))
        yield site, site.works
