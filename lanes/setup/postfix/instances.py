"""An instance for a lane, as text: ``main.cf`` and ``master.cf``, from those of the instance in front. Pure.

It is the Postfix in front without what is about taking mail in: no milters, no restrictions, no content filter, no
copies, one port on loopback. What is about sending is the same, but that each recipient's transport is asked of the
router, and that retries, lifetime and streams are the lane's. Whoever changes the front changes its instances, by
setting them up again; what is written into them by hand is lost then.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from lanes.config import Settings
from lanes.config.instances import Instance, handoff
from lanes.config.model import Lane
from lanes.config.relays import Relay
from lanes.mta.postfix.configuration import Configuration, Service
from lanes.mta.postfix.milters import split
from lanes.routes.sharing import by_transport
from lanes.setup.postfix import relays

LOOPBACK = "127.0.0.1"
GROUP = "mta-lanes"
ROUTER = "unix:/run/mta-lanes/router.sock"
#: Ports that are proposed, from here on.
PORTS = 10071
#: Parameters that an instance does not take over: what is about taking mail in, and what is its own.
_LEFT = re.compile(
    r"smtpd_|non_smtpd_|milter_|postscreen_|qmqpd_|lane-|multi_instance_|(mime_|nested_)?header_checks$|body_checks$|"
    r"(sender_|recipient_)bcc_maps$|(always_bcc|content_filter|receive_override_options|authorized_submit_users|"
    r"master_service_disable|alternate_config_directories|config_directory|queue_directory|data_directory|"
    r"syslog_name|local_header_rewrite_clients|transport_maps|mynetworks|mynetworks_style)$"
)
_COLUMNS = ("service", "type", "private", "unprivileged", "chroot", "wakeup", "process_limit", "command")
#: Programs that take mail in, or help to.
_RECEIVERS = ("smtpd", "postscreen", "dnsblog", "tlsproxy", "qmqpd")
#: As many as any message has.
_RECIPIENTS = "100000"
#: Postfix looks for mail that is due at least so often, in seconds (``queue_run_delay``).
_LOOKS = 300.0
#: The resolver for smtpd(8), which looks at addresses, too, but sends nothing: the router is asked for each attempt,
#: and only then, or a relay that is tried by one message would seem to have had its message.
_UNASKING = "rewrite-in"
_HEADING = """\
# Written by `lanes setup postfix --topology multi`, for one lane's mail, from the files of the instance in front: what
# you change there, and not here, lasts. See docs/several-instances.md.
"""


class Place(NamedTuple):
    """Where an instance is."""

    lane: str
    config: Path
    queue: Path
    data: Path
    port: int

    @property
    def name(self) -> str:
        """``multi_instance_name``, by which also the log calls it."""
        return f"postfix-{self.lane}"


def place(lane: str, instance: Instance, front: Configuration) -> Place:
    """Queue and data stand beside the front's, on the same file systems."""
    queue, data = front.queue_directory, front.expanded["data_directory"]
    return Place(lane, Path(instance.config_directory), Path(f"{queue}-{lane}"), Path(f"{data}-{lane}"), instance.port)


def proposed(lanes: Iterable[str], front: Configuration) -> dict[str, Instance]:
    """An instance for each lane, where nobody has said otherwise."""
    taken = {service.name.rpartition(":")[2] for service in front.services if service.type == "inet"}
    ports = (port for port in range(PORTS, 65536) if str(port) not in taken)
    return {lane: Instance(config_directory=f"{front.folder}-{lane}", port=next(ports)) for lane in lanes}


def ways_in(instances: Mapping[str, Instance]) -> dict[str, Relay]:
    """The instances as what they are for the front: ways out, by the name that the filter gives them."""
    return {handoff(lane): Relay(transport=handoff(lane), nexthop=f"[{LOOPBACK}]:{instance.port}", cost=0.0)
            for lane, instance in instances.items()}


#: How mail is handed over: with its id, by which the log tells that it is the same message; in one piece, whatever
#: the number of its recipients; and with nothing that is about the way to others.
HANDING_OVER = {
    "smtp_send_xforward_command": "yes", "smtp_tls_security_level": "", "smtp_sasl_auth_enable": "no",
    "smtp_fallback_relay": "",
}  # fmt: skip


def main_cf(settings: Settings, at: Place, written: Mapping[str, str]) -> str:
    """The whole file; ``written`` are the front's parameters that are not as by default."""
    lane, instance = settings.lanes[at.lane], settings.mta.instances[at.lane]
    own = {**_itself(at), **_receiving(), **_routing(settings, at, written), **_trying(lane, instance),
           **_sharing(lane), **_limits(settings)}
    taken_over = {name: value for name, value in written.items() if name not in own and not _LEFT.match(name)}
    return _HEADING + "".join(f"{name} = {value}\n" for name, value in {**taken_over, **own}.items())


def _itself(at: Place) -> dict[str, str]:
    return {
        "multi_instance_name": at.name, "multi_instance_group": GROUP, "multi_instance_enable": "yes",
        "queue_directory": str(at.queue), "data_directory": str(at.data), "enable_long_queue_ids": "yes",
    }  # fmt: skip


def _receiving() -> dict[str, str]:
    """From the front, and from nobody else; nothing is refused or rewritten that the front took."""
    return {
        "mynetworks": "127.0.0.0/8",
        "smtpd_client_restrictions": "permit_mynetworks, reject",
        "smtpd_relay_restrictions": "permit_mynetworks, reject",
        "smtpd_authorized_xforward_hosts": "127.0.0.0/8",
        "smtpd_recipient_limit": _RECIPIENTS,
        "smtpd_peername_lookup": "no",
        "receive_override_options": "no_address_mappings, no_header_body_checks, no_milters, "
                                    "no_unknown_recipient_checks",
        "local_header_rewrite_clients": "",
        "authorized_submit_users": "",
    }  # fmt: skip


def _routing(settings: Settings, at: Place, written: Mapping[str, str]) -> dict[str, str]:
    """The router first; for what it does not find, as the front."""
    router = f"socketmap:{settings.router.listen}:{handoff(at.lane)}"
    fronts = [table for table in split(written.get("transport_maps", ""))
              if not table.startswith(f"socketmap:{settings.router.listen}:")]
    return {"transport_maps": ", ".join([router, *fronts])}


def _trying(lane: Lane, instance: Instance) -> dict[str, str]:
    """The lane's schedule, as far as Postfix has one: it doubles the wait from one bound to the other."""
    retry = lane.retry
    least, most = retry.every or retry.initial, retry.every or retry.max
    found: dict[str, float] = {}
    if least:
        found |= {"minimal_backoff_time": least, "queue_run_delay": min(least, _LOOKS)}
    if most:
        found["maximal_backoff_time"] = most
    if instance.lifetime:
        found |= {"maximal_queue_lifetime": instance.lifetime, "bounce_queue_lifetime": instance.lifetime}
    return {name: f"{value:.0f}s" for name, value in found.items()}


def _sharing(lane: Lane) -> dict[str, str]:
    """How many connections a batch has."""
    if not lane.batch:
        return {}
    shared = {name: value for name, (value, _) in relays.shared(lane.batch.size).items()}
    by_default = {name if name.startswith("initial") else f"default_{name}": value for name, value in shared.items()}
    return {"default_destination_concurrency_limit": str(lane.batch.streams), **by_default}


def _limits(settings: Settings) -> dict[str, str]:
    return {name: value for transport, sharing in by_transport(settings.relays).items()
            for name, (value, _) in relays.limits(transport, sharing, settings.lanes).items()}


def master_cf(settings: Settings, at: Place, front: Configuration) -> str:
    """The whole file. Nothing runs in a chroot, so that all of it reaches the router and DNS."""
    services = tuple(one._replace(fields={**one.fields, "chroot": "n"}) for one in front.services)
    mine = front._replace(services=services, expanded={**front.expanded, "syslog_name": at.name})
    smtpd = (f"{LOOPBACK}:{at.port} inet n - n - - smtpd -o message_size_limit=0 -o rewrite_service_name={_UNASKING}",
             f"{_UNASKING} unix - - n - - trivial-rewrite -o transport_maps=")
    roads = by_transport(settings.relays)
    kept = [_line(service) for service in _kept(mine) if service.name not in roads]
    ways = [relays.service_line(transport, mine) for transport in roads]
    return _HEADING + "".join(f"{line}\n" for line in (*smtpd, *kept, *ways))


def _kept(front: Configuration) -> Iterator[Service]:
    for service in front.services:
        if service.type != "inet" and service.daemon not in _RECEIVERS and not service.name.startswith(handoff("")):
            yield service


def _line(service: Service) -> str:
    changed = {name: "" for name in service.options if _LEFT.match(name) and name != "syslog_name"}
    if service.daemon == "cleanup":
        changed["message_size_limit"] = "0"
    options = "".join(f" -o {{ {name} = {value} }}" for name, value in changed.items())
    return " ".join(service.fields[column] for column in _COLUMNS) + options
