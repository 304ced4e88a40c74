"""Postfix's configuration as Postfix itself reads it, told by postconf(1).

Contract: a snapshot: every parameter as it is written and with its macros expanded, every service of
``master.cf`` with its own options. Nothing is parsed here that postconf can parse. Needs no privilege where
``main.cf`` may be read by all.

Failure: :class:`~lanes.mta.port.MtaError` with postconf's last words.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from lanes.mta.port import MtaError
from lanes.mta.postfix.commands import Commands
from lanes.mta.postfix.milters import Item, entries, split

_FIELD = re.compile(r"(\S+/\S+)/(\S+) = ?(.*)")
_PARAMETER = re.compile(r"(\S+) = ?(.*)")
#: A parameter that refers to no other and to which none refers: a place to have postconf expand a text.
_BLACKBOARD = "smtpd_banner"
#: Daemons that ask milters, and by which parameter.
ASKS = {"smtpd": "smtpd_milters", "cleanup": "non_smtpd_milters", "qmqpd": "non_smtpd_milters"}


class Service(NamedTuple):
    """A line of ``master.cf`` (master(5))."""

    key: str
    """``name/type``, as postconf names it."""
    fields: Mapping[str, str]
    """Its columns, by postconf's names for them."""
    options: Mapping[str, str]
    """``-o name=value``."""

    @property
    def name(self) -> str:
        """Its name: of a transport, or a port."""
        return self.key.rpartition("/")[0]

    @property
    def type(self) -> str:
        """``inet``, ``unix``, ``pass`` ..."""
        return self.key.rpartition("/")[2]

    @property
    def daemon(self) -> str:
        """The program: ``smtpd``."""
        return self.fields.get("command", "").partition(" ")[0]


class Configuration(NamedTuple):
    """One instance's configuration at an instant."""

    folder: Path
    """Where ``main.cf`` is."""
    written: Mapping[str, str]
    """Parameter -> its value as it is written, or its default."""
    expanded: Mapping[str, str]
    """The same, with macros expanded."""
    services: tuple[Service, ...]

    @property
    def queue_directory(self) -> str:
        """The spool, and the root of all chroots."""
        return self.expanded["queue_directory"]

    def service(self, key: str) -> Service | None:
        """The service of that key, if there is one."""
        return next((service for service in self.services if service.key == key), None)

    def chrooted(self, service: Service) -> bool:
        """Whether a service runs with the queue directory for its root (master(5), ``chroot``)."""
        column = service.fields.get("chroot", "-")
        return column == "y" or (column == "-" and self._level < 1)

    @property
    def _level(self) -> float:
        """``compatibility_level``, of which the columns' defaults depend."""
        found = re.match(r"\d+(\.\d+)?", self.expanded.get("compatibility_level", ""))
        return float(found[0]) if found else 0.0

    def asking(self) -> Iterator[tuple[Service, str]]:
        """The services that ask milters, each with its parameter for them."""
        return ((service, ASKS[service.daemon]) for service in self.services if service.daemon in ASKS)


def read(commands: Commands, folder: str) -> Configuration:
    """The configuration in ``folder``."""
    written, expanded = _parameters(commands), _parameters(commands, "-x")
    fields: defaultdict[str, dict[str, str]] = defaultdict(dict)
    options: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for table, flag in ((fields, "-F"), (options, "-P")):
        for line in commands.run("postconf", flag).check().out.splitlines():
            if found := _FIELD.match(line):
                table[found[1]][found[2]] = found[3]
    services = tuple(Service(key, columns, options.get(key, {})) for key, columns in fields.items())
    return Configuration(Path(folder), written, expanded, services)


def items(commands: Commands, text: str, instead: Mapping[str, str] | None = None) -> list[Item]:
    """A list of milters: its parts as they are written, and what they stand for.

    ``instead`` has values of parameters that count in place of those of ``main.cf``.
    """
    return [Item(part, entries(_expanded(commands, part, instead or {}))) for part in split(text)]


def _expanded(commands: Commands, text: str, instead: Mapping[str, str]) -> str:
    """A text without macros."""
    if "$" not in text:
        return text
    given = {**instead, _BLACKBOARD: text}
    options = [word for name, value in given.items() for word in ("-o", f"{name}={value}")]
    return commands.run("postconf", "-hx", *options, _BLACKBOARD).check().out.strip()


def _parameters(commands: Commands, *flags: str) -> dict[str, str]:
    lines = commands.run("postconf", *flags).check().out.splitlines()
    found = {match[1]: match[2] for line in lines if (match := _PARAMETER.match(line))}
    if "queue_directory" not in found:
        raise MtaError("postconf names no queue_directory: is this Postfix's configuration?")
    return found
