"""The router: tells the MTA, for each delivery attempt, which relay a lane takes now (socketmap_table(5)).

Contract: an answer waits for nothing but the processor. How the relays are is read from Redis by a thread of its own,
every :data:`LOOK` seconds, and remembered: without Redis what was known last goes on, and if nothing ever was, all
relays are healthy. A change of road is a line in the log, an answer is not.

The socket is the one that systemd hands over (sd_listen_fds(3)), which then outlives a restart; else the settings'
own, a UNIX socket open to the MTA's group and to nobody else. Whoever does not speak the protocol, or does not read
its answers, is hung up on, and others notice nothing. At most :data:`CONNECTIONS` are open: then the one that was
silent for longest is closed, as is any after :data:`SILENCE` seconds. Postfix closes what it does not use sooner,
and connects anew.

Failure: :class:`OSError` if it cannot listen. While it is away the MTA defers mail whose road it would ask for.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import stat
import threading
import time
from pathlib import Path

import structlog

from lanes.config import Settings
from lanes.message import printable
from lanes.mta.postfix.socketmap import NOT_FOUND, Netstrings, ProtocolError, found, netstring, request
from lanes.readiness import Watchdog, ready
from lanes.routes.roads import Roads
from lanes.routes.transports import Transports
from lanes.store.costs import Costs
from lanes.store.countries import SharedCountries
from lanes.store.relays import Relays
from lanes.store.store import Store

log = structlog.get_logger("lanes.router")

#: Seconds between two looks at the relays.
LOOK = 1.0
#: Connections that are open at once; each of the MTA's address resolvers has one.
CONNECTIONS = 256
#: Seconds without a request after which a connection is closed. Postfix closes its own after 10.
SILENCE = 30.0
#: Bytes of answers that may wait to be read.
_UNREAD = 65536
#: The first descriptor that systemd hands over.
_HANDED_OVER = 3


class Router:
    """One MTA's router. ``roads`` are those that ``transports`` choose from."""

    def __init__(self, settings: Settings, store: Store, roads: Roads) -> None:
        self._store = store
        self._roads = roads
        self._transports = Transports(settings, roads)
        self._relays = Relays(store.client, settings)
        self._costs = Costs(store.client, settings)
        self._countries = SharedCountries(store.client)
        self._told: dict[tuple[str, str], str] = {}
        self._unknown: set[str] = set()

    def look(self) -> float:
        """Learn how the relays are; the seconds until the next look. Raises :class:`redis.RedisError`."""
        now = time.time()
        self._roads.look(now)
        self._tell()
        self._roads.learn(self._relays.conditions(now), self._costs.budgets(now), now)
        unlocated = self._roads.unlocated()
        self._roads.locate(unlocated, self._countries.find(unlocated, now), now)
        self._store.beat("router", now)
        return LOOK

    def answer(self, content: bytes) -> bytes:
        """The reply to a request. Raises :class:`ProtocolError`."""
        asked = request(content)
        try:
            transport = self._transports.find(asked.map, asked.key, time.time())
        except Exception:  # mail must flow, whatever is wrong with us
            log.exception("cannot choose; mail goes as the MTA sends it", key=printable(asked.key))
            transport = None
        if transport is None and asked.map not in self._transports.maps:
            self._wonder(asked.map)
        return NOT_FOUND if transport is None else found(transport)

    def _wonder(self, name: str) -> None:
        if name not in self._unknown and len(self._unknown) < CONNECTIONS:
            self._unknown.add(name)
            log.warning("asked for a map that there is not; mail goes as the MTA sends it", map=printable(name),
                        maps=self._transports.maps)

    def _tell(self) -> None:
        for way, relay in self._roads.usual().items():
            before = self._told.get(way, "")
            if relay != before:
                log.info("road", preference=way[0], region=way[1], relay=relay, before=before)
            self._told[way] = relay


class Connection(asyncio.Protocol):
    """One client's; ``others`` are all that are open, the one that was silent for longest first."""

    def __init__(self, router: Router, others: dict[Connection, float]) -> None:
        self._router = router
        self._others = others
        self._netstrings = Netstrings()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be one of them; where there is no room, another makes it."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a stream's
        self._transport = transport
        transport.set_write_buffer_limits(high=_UNREAD)
        if len(self._others) >= CONNECTIONS:
            next(iter(self._others)).drop()
        self._spoke()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        """Be none of them."""
        self._others.pop(self, None)

    def data_received(self, data: bytes) -> None:
        """Answer a request if this is the end of it."""
        try:
            content = self._netstrings.feed(data)
            if content is None or self._transport is None:
                return
            self._transport.write(netstring(self._router.answer(content)))
            self._spoke()
        except ProtocolError as error:
            log.warning("a client does not speak the protocol; hung up", error=str(error))
            self.drop()

    def pause_writing(self) -> None:
        """It does not read."""
        self.drop()

    def drop(self) -> None:
        """Hang up at once."""
        self._others.pop(self, None)
        if self._transport is not None:
            self._transport.abort()

    def _spoke(self) -> None:
        self._others.pop(self, None)
        self._others[self] = time.monotonic()


def serve(router: Router, settings: Settings, stop: threading.Event, turns: Watchdog) -> None:
    """Answer until ``stop`` is set; ``turns`` is told that the loop turns."""
    handed_over = _handed_over()
    try:
        asyncio.run(_serve(router, handed_over or _listener(settings), stop, turns))
    finally:
        if settings.router.path and not handed_over:
            Path(settings.router.path).unlink(missing_ok=True)


async def _serve(router: Router, listening: socket.socket, stop: threading.Event, turns: Watchdog) -> None:
    connections: dict[Connection, float] = {}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(router, connections), sock=listening,
                                      backlog=CONNECTIONS)
    ready()
    stopped = loop.run_in_executor(None, stop.wait)
    while not (await asyncio.wait([stopped], timeout=1.0))[0]:
        turns()
        _hang_up(connections, time.monotonic() - SILENCE)
    server.close()
    _hang_up(connections, time.monotonic())


def _hang_up(connections: dict[Connection, float], since: float) -> None:
    """On all that have been silent since then."""
    for connection in [one for one, spoke in connections.items() if spoke <= since]:
        connection.drop()


def _handed_over() -> socket.socket | None:
    """The socket that systemd listens on for us, if it does."""
    ours = os.environ.get("LISTEN_PID") == str(os.getpid()) and os.environ.get("LISTEN_FDS") == "1"
    return socket.socket(fileno=_HANDED_OVER) if ours else None


def _listener(settings: Settings) -> socket.socket:
    path = settings.router.path
    return _unix(Path(path), settings.milter.group) if path else socket.create_server(settings.router.address)


def _unix(path: Path, group: str) -> socket.socket:
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISSOCK(path.lstat().st_mode):
            path.unlink()
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listening.bind(str(path))
    finally:
        os.umask(before)
    shutil.chown(path, group=group)
    path.chmod(0o660)
    return listening
