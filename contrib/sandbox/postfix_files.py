"""The two files of a private Postfix, as text: ``main.cf`` and ``master.cf`` (postconf(5), master(5)).

Pure: given folders, ports and wishes, the same text every time. Every service runs un-chrooted;
``smtpd`` listens on loopback only; nobody is looked up in DNS; all mail goes to one port on
loopback, except what ``X-Lane-Route`` sends by another relay.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from contrib.sandbox.ports import LOOPBACK


@dataclass(frozen=True)
class Relay:
    """A named way out: a transport of its own (a copy of ``smtp``), chosen by ``X-Lane-Route``."""

    port: int | None = None
    """Where it leads, on loopback; None: where all other mail goes."""
    concurrency: int = 20
    """``<name>_destination_concurrency_limit``: messages on the wire at once."""
    options: Mapping[str, str] = field(default_factory=dict)
    """Overrides for this transport alone: ``-o name=value`` in ``master.cf``."""


@dataclass(frozen=True)
class Milter:
    """The filter that sees all mail, local mail included; without it mail is accepted untouched."""

    address: str
    """``unix:/absolute/path`` or ``inet:127.0.0.1:port``."""
    connect_timeout: str = "5s"
    command_timeout: str = "10s"
    content_timeout: str = "20s"

    def __str__(self) -> str:
        return (
            f"{{ {self.address}, default_action=accept, connect_timeout={self.connect_timeout}, "
            f"command_timeout={self.command_timeout}, content_timeout={self.content_timeout} }}"
        )


@dataclass(frozen=True)
class Folders:
    """Where a private Postfix keeps its things."""

    root: Path

    @property
    def config(self) -> Path:
        """``main.cf``, ``master.cf`` and tables."""
        return self.root / "config"

    @property
    def queue(self) -> Path:
        """The spool."""
        return self.root / "queue"

    @property
    def data(self) -> Path:
        """What its daemons remember between runs."""
        return self.root / "data"

    @property
    def log(self) -> Path:
        """``maillog_file``."""
        return self.root / "log" / "mail.log"

    @property
    def routes(self) -> Path:
        """The table of ``X-Lane-Route`` values."""
        return self.config / "lane_routes"


def main_cf(folders: Folders, outside: int, relays: Mapping[str, Relay], milter: Milter | None,
            parameters: Mapping[str, str]) -> str:
    """``main.cf``; ``parameters`` win over everything chosen here."""
    chosen = {
        "compatibility_level": "3.6",
        **_places(folders),
        **_loopback(outside),
        "enable_long_queue_ids": "yes",
        **_relays(folders, relays),
        **({"smtpd_milters": str(milter), "non_smtpd_milters": str(milter)} if milter else {}),
    }
    return "".join(f"{name} = {value}\n" for name, value in {**chosen, **parameters}.items())


def master_cf(smtpd_port: int, relays: Mapping[str, Relay]) -> str:
    """``master.cf``: the stock services, and a copy of ``smtp`` for each relay."""
    lines = [f"{LOOPBACK}:{smtpd_port} inet n - n - - smtpd", *_SERVICES]
    for name, relay in relays.items():
        lines.append(f"{name} unix - - n - - smtp")
        options = {"syslog_name": f"postfix/{name}", **relay.options}
        lines += [f"  -o {{ {option} = {value} }}" for option, value in options.items()]
    return "\n".join(lines) + "\n"


def lane_routes(outside: int, relays: Mapping[str, Relay]) -> str:
    """A regexp_table(5): the relay that ``X-Lane-Route`` names, for ``milter_header_checks``."""
    return "".join(
        f"/^X-Lane-Route: {name}$/ FILTER {name}:[{LOOPBACK}]:{relay.port or outside}\n"
        for name, relay in relays.items()
    )


def _places(folders: Folders) -> dict[str, str]:
    return {
        "queue_directory": str(folders.queue),
        "data_directory": str(folders.data),
        "meta_directory": str(folders.config),
        "maillog_file": str(folders.log),
        "maillog_file_prefixes": str(folders.log.parent),
    }


def _loopback(outside: int) -> dict[str, str]:
    return {
        "inet_interfaces": LOOPBACK,
        "inet_protocols": "ipv4",
        "mynetworks": "127.0.0.0/8",
        "myhostname": "sandbox.example.net",
        "mydestination": "",
        "alias_maps": "",
        "alias_database": "",
        "local_recipient_maps": "",
        "notify_classes": "",
        "relayhost": f"[{LOOPBACK}]:{outside}",
        "smtp_dns_support_level": "disabled",
        "smtpd_peername_lookup": "no",
        "smtpd_client_connection_count_limit": "0",
        "smtpd_relay_restrictions": "permit_mynetworks, reject",
    }


def _relays(folders: Folders, relays: Mapping[str, Relay]) -> dict[str, str]:
    limits = {f"{name}_destination_concurrency_limit": str(relay.concurrency) for name, relay in relays.items()}
    return {"milter_header_checks": f"regexp:{folders.routes}", **limits} if relays else {}


_SERVICES = (
    "pickup unix n - n 60 1 pickup",
    "cleanup unix n - n - 0 cleanup",
    "qmgr unix n - n 300 1 qmgr",
    "rewrite unix - - n - - trivial-rewrite",
    "bounce unix - - n - 0 bounce",
    "defer unix - - n - 0 bounce",
    "trace unix - - n - 0 bounce",
    "verify unix - - n - 1 verify",
    "flush unix n - n 1000? 0 flush",
    "proxymap unix - - n - - proxymap",
    "proxywrite unix - - n - 1 proxymap",
    "smtp unix - - n - - smtp",
    "relay unix - - n - - smtp",
    "showq unix n - n - - showq",
    "error unix - - n - - error",
    "retry unix - - n - - error",
    "discard unix - - n - - discard",
    "local unix - n n - - local",
    "virtual unix - n n - - virtual",
    "lmtp unix - - n - - lmtp",
    "anvil unix - - n - 1 anvil",
    "scache unix - - n - 1 scache",
    "postlog unix-dgram n - n - 1 postlogd",
)
