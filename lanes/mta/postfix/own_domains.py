"""The domains that this Postfix delivers itself, or routes by a table of its own: those of ``mydestination``,
``virtual_alias_domains``, ``virtual_mailbox_domains``, ``relay_domains`` and ``transport_maps`` (postconf(5),
ADDRESS_CLASS_README, transport(5)).

A transport that a milter's header chooses (FILTER) goes past all of these, so mail for such a domain must not be
given one.

Contract: entries as ``mta.own_domains`` has them: ``example.com``, ``*.example.com``. An exclusion (``!domain``)
is not looked at: that is the safe side.

Failure: a table that cannot be listed (SQL, LDAP, expressions) is told as :attr:`Own.unlisted`; it is for the
administrator to name its domains.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from lanes.config.units import parse_address_entry
from lanes.mta.port import MtaError
from lanes.mta.postfix.commands import Commands
from lanes.mta.postfix.configuration import Configuration
from lanes.mta.postfix.milters import split

_CLASSES = ("mydestination", "virtual_alias_domains", "virtual_mailbox_domains", "relay_domains")
_ROUTES = "transport_maps"
#: Matches each domain of a list, and all below it (``parent_domain_matches_subdomains``).
_BELOW = "*."


class Own(NamedTuple):
    """What was found."""

    domains: tuple[str, ...]
    """In order, each once."""
    unlisted: tuple[str, ...]
    """Tables of which nobody knows what is in them: ``mysql:/etc/postfix/domains.cf``."""


def own_domains(commands: Commands, configuration: Configuration) -> Own:
    """All of a site's own domains that can be found out."""
    domains: dict[str, None] = {}
    unlisted: dict[str, None] = {}
    for parameter in (*_CLASSES, _ROUTES):
        below = parameter in split(configuration.expanded.get("parent_domain_matches_subdomains", ""))
        for name in _names(commands, configuration.expanded.get(parameter, ""), unlisted):
            domains |= dict.fromkeys(_entries(name, below=below))
    return Own(tuple(domains), tuple(unlisted))


def _names(commands: Commands, value: str, unlisted: dict[str, None]) -> Iterator[str]:
    """The names in a list of names, files and tables."""
    for part in split(value):
        if part.startswith("/"):
            yield from _of_file(Path(part), unlisted)
        elif ":" in part and not part.startswith(("!", "[")):
            yield from _of_table(commands, part, unlisted)
        else:
            yield part


def _of_file(path: Path, unlisted: dict[str, None]) -> Iterator[str]:
    """A file of names, which may have comments, and go on in the next line."""
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError:
        unlisted[str(path)] = None
        return
    for line in lines:
        if not line.startswith("#"):
            yield from split(line)


def _of_table(commands: Commands, table: str, unlisted: dict[str, None]) -> Iterator[str]:
    """The keys of a lookup table, if it can be listed (postmap(1), ``-s``)."""
    try:
        listed = commands.run("postmap", "-s", table.removeprefix("proxy:")).check().out
    except MtaError:
        unlisted[table] = None
        return
    for line in listed.splitlines():
        yield line.partition("\t")[0]


def _entries(name: str, *, below: bool) -> Iterator[str]:
    """A name of a list as entries of ours; addresses, exclusions and what is no domain are none."""
    name = name.strip().lower().rstrip(".")
    if not name or "@" in name or name.startswith(("!", "[", "*")):
        return
    try:
        if name.startswith("."):
            yield parse_address_entry(f"*{name}")
        else:
            yield parse_address_entry(name)
            if below:
                yield parse_address_entry(_BELOW + name)
    except ValueError:
        return
