"""Runs the filter: sockets, signals, readiness.

pymilter's ``runmilter()`` fuses opening the socket with serving, so that nobody learns when it is
ready; here the two are apart and readiness is said in between (systemd's ``sd_notify(3)``).

A UNIX socket is opened to one group, the MTA's, and to nobody else.

libmilter would take up to five seconds to notice SIGTERM and stop serving open sessions at once.
So it runs in a thread of its own, and signals are the main thread's: the socket goes first, so that
new sessions fall to the MTA's ``default_action``, and messages under way get :data:`DRAIN` seconds
to end in order.

Failure: a socket that cannot be opened raises ``milter.error``, a group that does not exist
``LookupError``; the program ends with it.
"""

from __future__ import annotations

import contextlib
import ctypes
import shutil
import signal
import threading
import time
from pathlib import Path
from typing import Any

import Milter
import structlog
from redis import RedisError

import milter
from lane_milter import metrics
from lane_milter.gate import Gate
from lane_milter.reload import Reloader
from lane_milter.session import Session
from lanes.config import Settings
from lanes.policy import Classifier
from lanes.readiness import ready, watchdog
from lanes.routes.roads import LOOK
from lanes.store.connect import connect
from lanes.store.store import Store

log = structlog.get_logger("lanes.filter")

#: Seconds for messages under way to end in order when the filter stops.
DRAIN = 3.0

#: Seconds for libmilter to send what our last callbacks answered.
_LAST_ANSWERS = 0.1
#: Seconds in which what the MTA has sent already is heard: it waits for no answer before end-of-message.
_IN_THE_PIPE = 0.5
#: Seconds that libmilter waits for the MTA before it drops a session ...
_MTA_TIMEOUT = 600
#: ... where a pool of a few threads serves all sessions: those that wait take none, but a packet that is begun and
#: not ended takes one for so long, and a handful of them would stop the filter. (libmilter's ``worker.c``.)
_PACKET_TIMEOUT = 10


def serve(settings: Settings, config: Path | None, stop: threading.Event) -> None:
    """Serve until ``stop`` is set; ``config`` is the file behind ``settings``."""
    _use(settings)
    reloader = Reloader(config, settings, _use)
    signal.signal(signal.SIGHUP, lambda *_: reloader.asked.set())
    metrics.expose(settings)
    path = _listen(settings)
    serving = threading.Thread(target=milter.main, name="libmilter", daemon=True)
    serving.start()
    ready()
    alive = watchdog()
    while serving.is_alive() and not stop.wait(min(LOOK, alive.every)):
        alive()
        reloader.look()
        _refresh()
    if path:
        path.unlink(missing_ok=True)
    _drain()


def _drain() -> None:
    """Let messages under way end; what does not end passes by the MTA's ``default_action``."""
    time.sleep(_IN_THE_PIPE)
    if not Session.under_way.drained(DRAIN):
        log.warning("messages under way were given up", after=DRAIN)
    time.sleep(_LAST_ANSWERS)


def _use(settings: Settings) -> None:
    """Put settings to work, from the next message on. Raises :class:`~lanes.config.ConfigError`."""
    store = Store(connect(settings, timeout=settings.milter.budget), settings)
    Session.gate = Gate(settings, Classifier(settings), store, time.time)


def _refresh() -> None:
    # The filter goes on with the scores that it has; that Redis is away shows at the next message.
    with contextlib.suppress(RedisError):
        Session.gate.refresh()


def _listen(settings: Settings) -> Path | None:
    """Open the socket; its path if it is a UNIX socket."""
    _register()
    milter.setconn(settings.milter.socket)
    milter.settimeout(_PACKET_TIMEOUT if _has_pool() else _MTA_TIMEOUT)
    path = _unix_path(settings.milter.socket)
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
    milter.opensocket(True)
    if path:
        shutil.chown(path, group=settings.milter.group)
        path.chmod(0o660)
    return path


def _register() -> None:
    """Tie libmilter's callbacks to :class:`Session`; what is not tied is never sent."""
    Milter.factory = Session
    milter.set_flags(milter.ADDHDRS | milter.CHGHDRS | milter.QUARANTINE)
    milter.set_exception_policy(Milter.CONTINUE)
    milter.set_connect_callback(Milter.connect_callback)
    milter.set_envfrom_callback(lambda context, *args: _session(context).envfrom_bytes(*args))
    milter.set_envrcpt_callback(lambda context, *args: context.getpriv().envrcpt_bytes(*args))
    milter.set_header_callback(lambda context, name, value: context.getpriv().header(name, value))
    milter.set_eom_callback(lambda context: context.getpriv().eom())
    milter.set_abort_callback(lambda context: _session(context).abort())
    milter.set_close_callback(Milter.close_callback)
    milter.register("mta-lanes", negotiate=Milter.negotiate_callback)


def _has_pool() -> bool:
    """Whether libmilter was built with a pool of threads, as Debian's is (``_FFR_WORKERS_POOL``)."""
    return hasattr(ctypes.CDLL(milter.__file__), "mi_pool_controller_init")


def _session(context: Any) -> Any:
    """The :class:`Session`; of who tells of no connection, it begins with the first thing that it tells."""
    session = context.getpriv()
    if session is None:
        session = Session()
        session._setctx(context)  # noqa: SLF001 - as libmilter's connect callback does
    return session


def _unix_path(socket: str) -> Path | None:
    scheme, _, rest = socket.partition(":")
    return Path(rest) if scheme in ("unix", "local") else None
