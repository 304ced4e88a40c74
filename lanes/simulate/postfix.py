"""A Postfix in simulated time: its active queue, transports, connections to a destination, and deferred queue.

As qmgr(8) does it (SCHEDULER_README): the active queue holds ``active_limit`` messages, whoever comes later waits
outside, first come, first served. A transport has so many processes, of which one destination has no more than its
limit, which it comes to by and by: it begins with a few connections, and has one more for each delivery, or, by a road
that only batches take, one and one more for each batch (:mod:`lanes.routes.sharing`), until it has no mail left. The
next message is the one that came first of those whose destination has a connection free. A destination
that cannot be reached is taken for dead for ``backoff``, and all mail for it is put off unseen. What was put off is
tried again at a queue run, when it has waited as long as it is old, between ``backoff`` and ``backoff_max``; what
is older than its lifetime is returned.

What is left out: a message is one delivery, whatever the number of its recipients; large mail overtakes nobody and is
not overtaken.

Contract: :meth:`Postfix.advance` is called with instants that rise, and before anything is handed in at that
instant; :attr:`Postfix.told` is what the log would say, in order, and is for its reader to empty.
"""

from __future__ import annotations

import heapq
import itertools
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import ceil
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from lanes.config.relays import Relay
from lanes.simulate.destination import UNREACHABLE, Outcome, Served, Server
from lanes.simulate.mail import Mail
from lanes.simulate.world import World

#: A hundred times a hundredth is a connection.
_ROUNDED = 1e-9


class Told(NamedTuple):
    """What the log says of a message."""

    mail: Mail
    at: float
    what: Outcome | Literal["active"]
    """How an attempt ended; ``active``: a deferred message was taken up again."""
    waited: float = 0.0
    """Seconds in the active queue: ``b`` of ``delays``."""
    seconds: float = 0.0
    """Connecting and transmitting: ``c + d``."""
    dsn: str = ""


class Width(NamedTuple):
    """How many connections a destination may have at once."""

    first: float
    """At first ..."""
    growth: float
    """... so many more for each delivery ..."""
    limit: float
    """... up to here."""


class _Queue:
    """One destination of a transport."""

    __slots__ = ("busy", "dead_until", "listed", "mails", "server", "terms", "transport", "warm", "width")

    def __init__(self, transport: _Transport, server: Server, terms: Width) -> None:
        self.transport = transport
        self.server = server
        self.terms = terms
        self.width = terms.first
        self.mails: deque[tuple[int, Mail]] = deque()
        self.busy = 0
        self.warm = 0
        """Connections that are open, and handed on to who comes next."""
        self.dead_until = 0.0
        self.listed = False
        """Whether it is among those that have mail and a connection free."""

    def delivered(self) -> None:
        """A delivery ends that found a server: the destination may have more, if it has use for what it has."""
        terms = self.terms
        if self.width < terms.limit and self.width < self.busy + terms.first:
            self.width = min(self.width + terms.growth, terms.limit)

    def forgotten(self) -> None:
        """It has no mail left; the queue manager knows nothing of it any more."""
        self.width = self.terms.first


class _Transport:
    """A service of master.cf."""

    __slots__ = ("busy", "queues", "ready")

    def __init__(self) -> None:
        self.busy = 0
        self.queues: dict[str, _Queue] = {}
        self.ready: list[tuple[int, _Queue]] = []
        """A heap, by when the first message of each came: of each queue once."""


class Postfix:
    """One MTA. ``lifetime`` is how long it tries (seconds), ``began`` when the trace does.

    ``batches`` says of which transports connections are shared, and by how many messages.
    """

    def __init__(self, world: World, relays: Mapping[str, Relay], lifetime: float, began: float, seed: int,
                 batches: Mapping[str, int] = MappingProxyType({})) -> None:
        self._world = world
        self._relays = relays
        self._batches = batches
        self._lifetime = lifetime
        self._began = began
        self._seed = seed
        self.processes = world.postfix.processes
        """Of each transport; may be changed at any time."""
        self._transports: dict[str, _Transport] = {}
        self._servers: dict[tuple[str, str], Server] = {}
        self._incoming: deque[Mail] = deque()
        self.active = 0
        """Messages in the active queue."""
        self._events: list[tuple[float, int, Callable[..., None], Any]] = []
        self._runs: dict[int, list[tuple[Mail, int]]] = {}
        self._numbers = itertools.count()
        self.told: list[Told] = []
        self.connections: Counter[str] = Counter()
        """Opened so far, by the lane of the mail that was the first on each."""

    @property
    def next_at(self) -> float:
        """When something happens next, of itself; infinity: never."""
        return self._events[0][0] if self._events else float("inf")

    @property
    def size(self) -> int:
        """Messages in the active queue, and those that wait for a place there."""
        return self.active + len(self._incoming)

    def take(self, mail: Mail, now: float) -> None:
        """A message that is not on hold."""
        if self.active >= self._world.postfix.active_limit:
            self._incoming.append(mail)
        else:
            self._activate(mail, now)

    def release(self, mails: Sequence[Mail], now: float) -> None:
        """Messages that were on hold."""
        self._later(now + self._world.postfix.release, self._take_all, mails)

    def retry(self, mails: Iterable[Mail], now: float) -> None:
        """Deferred messages are to be tried now; those that are not deferred any more are left alone."""
        self._later(now + self._world.postfix.release, self._take_deferred, [(mail, mail.retried) for mail in mails])

    def advance(self, until: float) -> None:
        """Let time pass."""
        events = self._events
        while events and events[0][0] <= until:
            at, _, what, about = heapq.heappop(events)
            what(about, at)

    def _later(self, at: float, what: Callable[..., None], about: Any) -> None:
        heapq.heappush(self._events, (at, next(self._numbers), what, about))

    def _take_all(self, mails: Iterable[Mail], now: float) -> None:
        for mail in mails:
            self.take(mail, now)

    def _take_deferred(self, mails: Iterable[tuple[Mail, int]], now: float) -> None:
        for mail, retried in mails:
            if mail.deferred and mail.retried == retried:
                mail.deferred, mail.retried = False, retried + 1
                self.told.append(Told(mail, now, "active"))
                self.take(mail, now)

    def _activate(self, mail: Mail, now: float) -> None:
        queue = self._queue(mail)
        mail.queued = now
        self.active += 1
        if queue.dead_until > now:
            self._put_off_unseen(mail, now)
            return
        queue.mails.append((next(self._numbers), mail))
        self._offer(queue)
        self._start(queue.transport, now)

    def _queue(self, mail: Mail) -> _Queue:
        relay = self._relays.get(mail.relay)
        name = relay.transport if relay else "smtp"
        transport = self._transports.get(name)
        if transport is None:
            transport = self._transports[name] = _Transport()
        goal = relay.nexthop if relay and relay.nexthop else mail.domain
        queue = transport.queues.get(goal)
        if queue is None:
            queue = transport.queues[goal] = self._made(transport, relay, mail)
        return queue

    def _made(self, transport: _Transport, relay: Relay | None, mail: Mail) -> _Queue:
        """By whichever transports a destination is reached, it is one."""
        world = self._world
        by_relay = relay is not None and bool(relay.nexthop)
        goal = (mail.relay, "") if by_relay else ("", mail.domain)
        if goal not in self._servers:
            terms = world.relays.get(mail.relay, world.destination) if by_relay else world.of(mail.domain)
            self._servers[goal] = Server(terms, self._began, self._seed, replay=world.replay)
        return _Queue(transport, self._servers[goal], self._width(relay))

    def _width(self, relay: Relay | None) -> Width:
        terms = self._world.postfix
        limit = relay.concurrency if relay else terms.destination_concurrency
        size = self._batches.get(relay.transport) if relay else None
        return Width(1.0, 1 / size, limit) if size else Width(min(terms.initial_concurrency, limit), 1.0, limit)

    @staticmethod
    def _offer(queue: _Queue) -> None:
        if queue.mails and not queue.listed and queue.busy + 1 <= queue.width + _ROUNDED:
            queue.listed = True
            heapq.heappush(queue.transport.ready, (queue.mails[0][0], queue))

    def _start(self, transport: _Transport, now: float) -> None:
        while transport.ready and transport.busy < self.processes:
            _, queue = heapq.heappop(transport.ready)
            queue.listed = False
            if not queue.mails:
                continue
            _, mail = queue.mails.popleft()
            transport.busy += 1
            queue.busy += 1
            if queue.warm:
                queue.warm -= 1
            else:
                self.connections[mail.lane] += 1
            self._offer(queue)
            served = queue.server.serve(mail, now)
            self._later(served.ends, self._end, (queue, mail, now, served))

    def _end(self, delivery: tuple[_Queue, Mail, float, Served], now: float) -> None:
        queue, mail, since, served = delivery
        transport = queue.transport
        transport.busy -= 1
        outcome = served.outcome
        if outcome != "unreachable":
            queue.delivered()
        queue.busy -= 1
        self.active -= 1
        mail.tries += 1
        queue.warm += bool(queue.mails) and outcome != "unreachable"
        self._tell(Told(mail, now, outcome, since - mail.queued, now - since, served.dsn), now)
        if outcome == "unreachable":
            self._give_up(queue, now)
        while self._incoming and self.active < self._world.postfix.active_limit:
            self._activate(self._incoming.popleft(), now)
        if not queue.mails and not queue.busy:
            queue.forgotten()
        self._offer(queue)
        self._start(transport, now)

    def _give_up(self, queue: _Queue, now: float) -> None:
        """The destination is dead for now, and so is all that waits for it."""
        queue.dead_until, queue.warm = now + self._world.postfix.backoff, 0
        waiting, queue.mails = queue.mails, deque()
        for _, mail in waiting:
            self._put_off_unseen(mail, now)

    def _put_off_unseen(self, mail: Mail, now: float) -> None:
        self.active -= 1
        self._tell(Told(mail, now, "unreachable", now - mail.queued, 0.0, UNREACHABLE), now)

    def _tell(self, told: Told, now: float) -> None:
        if told.what in ("deferred", "unreachable"):
            told = told._replace(what="deferred" if self._defer(told.mail, now) else "expired")
        self.told.append(told)

    def _defer(self, mail: Mail, now: float) -> bool:
        """Into the deferred queue, unless it is too old."""
        terms, age = self._world.postfix, now - mail.accepted
        if age >= self._lifetime:
            return False
        again = now + min(max(age, terms.backoff), terms.backoff_max)
        run = ceil((again - self._began) / terms.queue_run)
        mail.deferred = True
        if run not in self._runs:
            self._runs[run] = []
            self._later(self._began + run * terms.queue_run, self._run, run)
        self._runs[run].append((mail, mail.retried))
        return True

    def _run(self, run: int, now: float) -> None:
        self._take_deferred(self._runs.pop(run), now)
