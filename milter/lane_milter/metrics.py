"""The filter's own metrics: an ordinary registry, since its threads live in one process."""

from __future__ import annotations

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram, start_http_server

log = structlog.get_logger("lanes.filter")

REGISTRY = CollectorRegistry()

VERDICTS = Counter("lanes_verdicts_total", "Messages by what was done with them.", ["verdict"], registry=REGISTRY)
FAIL_OPEN = Counter(
    "lanes_fail_open_total", "Messages that passed because something of ours failed.", ["reason"], registry=REGISTRY
)
RELOADS = Counter(
    "lanes_reload_total", "Times that settings were loaded again, by result.", ["result"], registry=REGISTRY
)
SECONDS = Histogram(
    "lanes_milter_seconds",
    "Time that the filter took at end-of-message, by stage.",
    ["stage"],
    buckets=(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0),
    registry=REGISTRY,
)


def expose(address: str) -> None:
    """Serve the registry on ``host:port``; nothing if the address is empty.

    An address that cannot be had is said in the log: the filter works without it.
    """
    if not address:
        return
    host, _, port = address.rpartition(":")
    try:
        start_http_server(int(port), host.strip("[]") or "127.0.0.1", REGISTRY)
    except OSError as error:
        log.error("cannot serve metrics", address=address, error=str(error))
