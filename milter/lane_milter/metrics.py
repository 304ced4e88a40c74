"""The filter's own metrics: an ordinary registry, since its threads live in one process.

They are made from the table (:mod:`lanes.metrics.table`). The first label of each is the name of the MTA.
"""

from __future__ import annotations

import itertools

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, start_http_server

from lanes.config import Settings
from lanes.metrics.table import METRICS

log = structlog.get_logger("lanes.filter")

REGISTRY = CollectorRegistry()
disable_created_metrics()  # a series beside each counter that says since when it counts, which nobody asks for

#: Seconds: around ``milter.budget``, and well below it.
_BUCKETS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)

_made: dict[str, Counter | Histogram] = {}


def _counter(name: str) -> Counter:
    metric = METRICS[name]
    made = _made[name] = Counter(name, metric.help, metric.label_names, registry=REGISTRY)
    return made


def _histogram(name: str) -> Histogram:
    metric = METRICS[name]
    made = _made[name] = Histogram(name, metric.help, metric.label_names, registry=REGISTRY, buckets=_BUCKETS)
    return made


VERDICTS = _counter("lanes_verdicts_total")
FAIL_OPEN = _counter("lanes_fail_open_total")
SECONDS = _histogram("lanes_milter_seconds")
RELOADS = _counter("lanes_reloads_total")


def expose(settings: Settings) -> None:
    """Serve the registry on ``milter.metrics``; nothing if that is empty.

    An address that cannot be had is said in the log: the filter works without it.
    """
    address = settings.milter.metrics
    if not address:
        return
    _begin(settings.mta.name)
    host, _, port = address.rpartition(":")
    try:
        start_http_server(int(port), host.strip("[]") or "127.0.0.1", REGISTRY)
    except OSError as error:
        log.error("cannot serve metrics", address=address, error=str(error))


def _begin(mta: str) -> None:
    """Let every series begin at 0: of one that begins with its first event, ``rate()`` does not see that event."""
    for name, made in _made.items():
        for values in itertools.product(*METRICS[name].labels.values()):
            made.labels(mta, *values)
