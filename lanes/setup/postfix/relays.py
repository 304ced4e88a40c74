"""Relays as Postfix has them: transports in ``master.cf``, limits in ``main.cf``, and the map from
``X-Lane-Route`` to a transport and next hop. Pure."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

from lanes.config.model import Lane
from lanes.config.relays import Rate, Relay
from lanes.message import ROUTE_HEADER
from lanes.mta.postfix.configuration import Configuration, Service
from lanes.routes.sharing import batch_size

MAP = "lane_routes"
_TYPE = "unix"
_LOG_NAME = "syslog_name"
#: How often Postfix may fail to connect before it gives a next hop up, and why.
_TRIES = ("100", "the filter finds a relay again that was down; Postfix would not try it for minimal_backoff_time")

#: How often Postfix, as it comes, fails to connect before it gives a destination up: five times, which it begins with.
_FAILURES = "5"


def route_map(relays: Mapping[str, Relay]) -> str:
    """The whole regexp_table(5)."""
    return _HEADING + "".join(f"/^{ROUTE_HEADER}: {name}$/  {carried_out(relay)}\n" for name, relay in relays.items())


def carried_out(relay: Relay) -> str:
    """What the map says of a relay (access(5))."""
    return f"FILTER {relay.transport}:{relay.nexthop}"


_HEADING = """\
# Written by `lanes setup postfix` from [relays] in the settings of mta-lanes: the relay that the filter chose, to
# a transport and next hop. Without a next hop, mail goes to each recipient's MX.
"""


def service_line(transport: str, configuration: Configuration) -> str:
    """A line of ``master.cf`` for a transport: what there is, or a copy of ``smtp``; the log calls it by its name."""
    model = configuration.service(f"{transport}/{_TYPE}") or configuration.service(f"smtp/{_TYPE}")
    columns = ("private", "unprivileged", "chroot", "wakeup", "process_limit")
    fields = [model.fields[column] if model else "-" for column in columns]
    options = {**(model.options if model else {}), _LOG_NAME: log_name(transport, configuration)}
    words = [f"-o {{ {name} = {value} }}" for name, value in options.items()]
    return " ".join([transport, _TYPE, *fields, model.daemon if model else "smtp", *words])


def log_name(transport: str, configuration: Configuration) -> str:
    """``syslog_name``: by it the log tells which transport a delivery went by."""
    return f"{configuration.expanded['syslog_name']}/{transport}"


def is_named_in_log(service: Service) -> bool:
    """Whether the log tells deliveries by this transport from others."""
    name = service.options.get(_LOG_NAME, "").replace("$service_name", service.name).replace(
        "${service_name}", service.name)
    return service.daemon == service.name if not name else name.endswith(f"/{service.name}")


def limits(transport: str, relays: Collection[Relay], lanes: Mapping[str, Lane]) -> dict[str, tuple[str, str]]:
    """Parameters of a transport that these relays share: name -> (value, why). The strictest counts."""
    wanted = {f"{transport}_destination_concurrency_limit": (
        str(min(relay.concurrency for relay in relays)), "relays.*.concurrency: messages that it takes at once")}
    if all(relay.nexthop for relay in relays):
        wanted[f"{transport}_destination_concurrency_failed_cohort_limit"] = _TRIES
    elif size := batch_size(relays, lanes):
        wanted |= {f"{transport}_{name}": parameter for name, parameter in shared(size).items()}
    pauses = [pause for relay in relays if relay.rate and (pause := seconds_between(relay.rate))]
    if pauses:
        wanted[f"{transport}_transport_rate_delay"] = (f"{max(pauses)}s", "relays.*.rate: the pause between two")
    return wanted


def shared(size: int) -> dict[str, tuple[str, str]]:
    """Parameters by which a batch of ``size`` shares a connection, without the name of a transport.

    Postfix begins with five to a destination, and has one more for each message delivered (SCHEDULER_README), so a
    batch of five shares none.
    """
    return {
        "initial_destination_concurrency": ("1", "only batches go by it, and a batch shares a connection ..."),
        "destination_concurrency_positive_feedback": (
            f"{1 / size:.6f}".rstrip("0").rstrip("."), "... with one more for each batch that was delivered"),
        "destination_concurrency_failed_cohort_limit": (
            _FAILURES, "so many connections fail, as without us, before the destination counts as unavailable"),
    }  # fmt: skip


def seconds_between(rate: Rate) -> int:
    """The pause between two messages that keeps to a rate: whole seconds, which is all that Postfix can.

    0 for more than a message a second, which it cannot keep to; the filter then does, as far as there is another
    relay.
    """
    pause = rate.period / rate.messages
    return math.ceil(pause) if pause >= 1 else 0
