"""What must be so after every round, whatever happened in it.

``lost``              accepted with 250, and neither arrived nor in the spool
``duplicated``        arrived more than once, by our doing; Postfix's own is told apart (:mod:`tests.chaos.copies`)
``held_past_lease``   on our hold, at any time, later than its deadline plus ``manager.lease``, by the real clock
``foreign_released``  held by somebody else, and not on hold any more
``disagreed``         ``reconcile`` again and again finds something to mend, though there is no traffic
``not_back``          a program, or Redis, that is not running, or an API that is not ready
``restless``          what should have come to rest, or arrived, and did not (:mod:`tests.chaos.rounds`)

Contract: a look changes nothing but what ``reconcile`` does. Each breach is told once.
"""

from __future__ import annotations

import threading
import time
from typing import NamedTuple, Self

from redis import RedisError

from lanes.mta import choose
from lanes.services.reconcile import Reconcile, Report
from tests.chaos.copies import by_postfix, noted, surplus
from tests.chaos.traffic import ORIGIN, Ledger, Sent
from tests.chaos.world import World

KINDS = ("lost", "duplicated", "held_past_lease", "foreign_released", "disagreed", "not_back", "restless")
_QUEUES = ("hold", "deferred", "incoming", "active")
_LOOK_EVERY = 0.25
#: Seconds after which late news counts; the house itself is more patient.
_PATIENCE = 2.0
#: How many comparisons after the first there are at most.
_COMPARISONS = 2


class Breach(NamedTuple):
    """Something that is not so."""

    kind: str
    what: str


class HoldWatch:
    """When each message was last seen on hold; a context manager that looks all the time."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.seen: dict[str, float] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(_LOOK_EVERY):
            now = time.time()
            self.seen |= dict.fromkeys(self._world.site.postfix.queue("hold"), now)


class Invariants:
    """Looks at a world, with the ledger of what it was given."""

    def __init__(self, world: World, ledger: Ledger, watch: HoldWatch) -> None:
        self._world, self._ledger, self._watch = world, ledger, watch
        self.foreign: set[str] = set()
        """Ids that are on somebody else's hold."""
        self._by_postfix: dict[tuple[int, str], int] = {}
        self._read = 0
        self._open: dict[int, Sent] = {}
        self._surplus: dict[tuple[int, str], int] = {}
        self._told: set[tuple[str, object]] = set()
        settings = world.settings
        self._reconcile = Reconcile(world.store, choose.control(settings), settings, world.now, time.sleep,
                                    patience=_PATIENCE)

    @property
    def by_postfix(self) -> int:
        """Second copies that are Postfix's own."""
        return sum(self._by_postfix.values())

    def open(self) -> dict[int, Sent]:
        """What is owed and has not arrived yet, by number."""
        sent = self._ledger.sent
        self._open |= {one.item.number: one for one in sent[self._read :] if not one.item.foreign}
        self._read = len(sent)
        self._world.outside.look()
        done = [number for number, one in self._open.items() if not self._missing(one)]
        for number in done:
            del self._open[number]
        return self._open

    def broken(self) -> list[Breach]:
        """All that is not so now and was not told before."""
        looks = (self._lost, self._duplicated, self._held, self._released, self._disagreed, self._away)
        return [breach for look in looks for breach in look()]

    def _missing(self, sent: Sent) -> set[str]:
        return {to for to in sent.item.owed_to if not self._world.outside.arrivals.get((sent.item.number, to))}

    def _once(self, kind: str, what: object, text: str) -> list[Breach]:
        if (kind, what) in self._told:
            return []
        self._told.add((kind, what))
        return [Breach(kind, text)]

    def _spool(self) -> set[str]:
        return {id for queue in _QUEUES for id in self._world.site.postfix.queue(queue)}

    def _lost(self) -> list[Breach]:
        """A message may move while it is looked for, so it is looked for again. A bounce has another id."""
        missing = self._open
        for _ in range(5):
            spool = self._spool()
            missing = {n: one for n, one in self.open().items()
                       if one.id not in spool and one.item.mail.sender not in self._missing(one)}
            if not missing:
                return []
            time.sleep(0.2)
        return [breach for number, one in missing.items()
                for breach in self._once("lost", number, f"{one.id} to {', '.join(sorted(self._missing(one)))}")]

    def _duplicated(self) -> list[Breach]:
        breaches, log = [], ""
        for (number, to), arrivals in self._world.outside.arrivals.items():
            if surplus(arrivals) == self._surplus.get((number, to), 0):
                continue
            self._surplus[number, to] = surplus(arrivals)
            log = log or self._world.logs()
            times = noted(log, arrivals[0].id, to)
            own = by_postfix(arrivals, self._world.lives, times, bounce=to.endswith(ORIGIN))
            self._by_postfix[number, to] = own
            if surplus(arrivals) > own:
                breaches.append(Breach("duplicated", f"{arrivals} to {to}"))
        return breaches

    def _held(self) -> list[Breach]:
        lanes, lease = self._world.settings.lanes, self._world.settings.manager.lease
        breaches = []
        for one in self._ledger.sent:
            late = self._watch.seen.get(one.id, 0.0) - (one.at + lanes[one.item.lane].sla + lease)
            if late > 0 and not one.item.foreign:
                breaches += self._once("held_past_lease", one.id, f"{one.id} ({one.item.lane}), {late:.1f} s and more")
        return breaches

    def _released(self) -> list[Breach]:
        away = self.foreign - set(self._world.site.postfix.queue("hold"))
        return [breach for id in sorted(away) for breach in self._once("foreign_released", id, id)]

    def _disagreed(self) -> list[Breach]:
        """The first comparison may mend; of those after it, one finds nothing. What moved in between is late news."""
        try:
            reports = [self._reconcile()]
            while mended(reports[-1]) and len(reports) <= _COMPARISONS:
                reports.append(self._reconcile())
        except RedisError as error:
            return [Breach("not_back", f"redis: {error}")]
        return [Breach("disagreed", str(reports[-1]))] if mended(reports[-1]) else []

    def _away(self) -> list[Breach]:
        away = [program for program in self._world.site.programs if not self._world.site.running(program)]
        if not self._world.redis.running:
            away.append("redis")
        if not self._world.ready():
            away.append("/readyz")
        if not self._world.routed():
            away.append("the router's answer")
        return [Breach("not_back", what) for what in away]


def mended(report: Report) -> bool:
    """Whether a comparison of Redis with the spool changed anything."""
    ended = report.ended - report.left
    return bool(report.claims or report.adopted or any(report.moved.values()) or ended or report.strays)


