"""Runs the filter: sockets, signals, readiness.

pymilter's ``runmilter()`` fuses opening the socket with serving, so that nobody learns when it is
ready; here the two are apart and readiness is said in between (systemd's ``sd_notify(3)``).

Failure: a socket that cannot be opened raises ``milter.error``; the program ends with it. SIGTERM
closes the listener; sessions that are open then fall to the MTA's ``default_action``.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import Milter
import milter
import structlog

from lane_milter import metrics
from lane_milter.gate import Gate
from lane_milter.session import Session
from lanes.config import Settings
from lanes.policy import Classifier
from lanes.readiness import ready
from lanes.store.connect import connect
from lanes.store.store import Store

log = structlog.get_logger("lanes.filter")

#: Seconds that libmilter waits for the MTA before it drops a session.
_MTA_TIMEOUT = 600


def serve(settings: Settings) -> None:
    """Serve until a signal says otherwise."""
    store = Store(connect(settings, timeout=settings.milter.budget), settings)
    Session.gate = Gate(settings, Classifier(settings), store, time.time)
    metrics.expose(settings.milter.metrics)
    _register()
    milter.setconn(settings.milter.socket)
    milter.settimeout(_MTA_TIMEOUT)
    _prepare(settings.milter.socket)
    milter.opensocket(True)
    log.info("filter is listening", socket=settings.milter.socket)
    ready()
    milter.main()


def _register() -> None:
    """Tie libmilter's callbacks to :class:`Session`; what is not tied is never sent."""
    Milter.factory = Session
    milter.set_flags(milter.ADDHDRS | milter.CHGHDRS | milter.QUARANTINE)
    milter.set_exception_policy(Milter.CONTINUE)
    milter.set_connect_callback(Milter.connect_callback)
    milter.set_envfrom_callback(lambda context, *args: context.getpriv().envfrom_bytes(*args))
    milter.set_envrcpt_callback(lambda context, *args: context.getpriv().envrcpt_bytes(*args))
    milter.set_header_callback(lambda context, name, value: context.getpriv().header_bytes(name, value))
    milter.set_eom_callback(lambda context: context.getpriv().eom())
    milter.set_abort_callback(lambda context: context.getpriv().abort())
    milter.set_close_callback(Milter.close_callback)
    milter.register("mta-lanes", negotiate=Milter.negotiate_callback)


def _prepare(socket: str) -> None:
    """A UNIX socket that the MTA's user may open, through the folder's group."""
    if socket.startswith(("unix:", "local:")):
        Path(socket.partition(":")[2]).parent.mkdir(parents=True, exist_ok=True)
        os.umask(0o007)
