"""Postfix's lists of milters, as ``main.cf`` spells them (``smtpd_milters``, ``non_smtpd_milters``; postconf(5)).

A list's entries stand between commas or white space. One is an address, or ``{ address, name=value, ... }``
with what holds for this milter alone. An entry may also be a macro (``$dkim_milter``) that stands for several.

Contract: pure. Entries that are not ours keep their spelling. Failure: none; what is no milter is an entry
whose address nobody has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

#: An entry lets mail pass untouched while its milter is away (postconf(5), ``milter_default_action``).
ACCEPT = "accept"
#: Seconds that mail may wait for our filter at most, at each step.
LONGEST = 30.0
#: What is not its author's to choose: without ``accept`` mail would wait for us, and before version 6 of the protocol
#: a filter cannot ask for the macros that it needs.
_OURS = ("default_action", "protocol")
TIMEOUTS = ("connect_timeout", "command_timeout", "content_timeout")

_SEPARATORS = ", \t\r\n"
_LOOPBACK = frozenset(("localhost", "127.0.0.1", "[::1]", "::1"))
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


class Entry(NamedTuple):
    """One milter of a list."""

    address: str
    """``unix:path`` or ``inet:host:port``."""
    options: Mapping[str, str]
    """What holds for it alone."""

    def __str__(self) -> str:
        """As ``main.cf`` spells it."""
        options = [f"{name}={value}" for name, value in self.options.items()]
        return f"{{ {', '.join([self.address, *options])} }}" if options else self.address


class Item(NamedTuple):
    """A part of a list: as it is written, and the milters that it stands for."""

    text: str
    entries: Sequence[Entry]


def split(text: str) -> list[str]:
    """The parts of a list; what is in braces is one, white space and all."""
    parts, part, depth = [], "", 0
    for char in text:
        depth += {"{": 1, "}": -1}.get(char, 0)
        if depth <= 0 and char in _SEPARATORS:
            parts.append(part)
            part = ""
        else:
            part += char
    return [part for part in [*parts, part] if part]


def parse(text: str) -> Entry:
    """One entry."""
    if not text.startswith("{"):
        return Entry(text, {})
    address, *options = split(re.sub(r"\s*=\s*", "=", text.strip("{} \t\r\n"))) or [""]
    return Entry(address, dict(option.partition("=")[::2] for option in options))


def entries(text: str) -> list[Entry]:
    """The entries of a list in which all macros are expanded."""
    return [parse(part) for part in split(text)]


def place(address: str, queue_directory: str) -> str:
    """Where an address leads, in one spelling: ``unix:/path`` or ``inet:host:port``."""
    scheme, _, rest = address.partition(":")
    if scheme in ("unix", "local"):
        return f"unix:{rest if rest.startswith('/') else f'{queue_directory}/{rest}'}"
    host, _, port = rest.rpartition(":")
    return f"inet:{'127.0.0.1' if host.lower() in _LOOPBACK else host.lower()}:{port}"


def with_last(items: Iterable[Item], ours: Entry, places: frozenset[str], queue_directory: str) -> list[str]:
    """The parts of a list that has ``ours`` last, and nowhere else.

    ``places`` are all that lead to ours: an entry that leads there is ours, in whatever form. One that is as it
    should be stays as it is written.
    """
    def is_ours(entry: Entry) -> bool:
        return place(entry.address, queue_directory) in places

    items = list(items)
    own = [entry for item in items for entry in item.entries if is_ours(entry)]
    if len(own) == 1 and items[-1].entries[-1:] == own and own[0] == improved(own[0], ours):
        return [item.text for item in items]
    kept: list[str] = []
    for item in items:
        others = [entry for entry in item.entries if not is_ours(entry)]
        kept += [item.text] if len(others) == len(item.entries) else map(str, others)
    return [*kept, str(improved(own[-1], ours) if own else ours)]


def improved(found: Entry, ours: Entry) -> Entry:
    """Ours as it was found, with all that it needs: its author's own time-outs stay, unless they are too long."""
    too_long = [name for name in TIMEOUTS if seconds(found.options.get(name, "")) > LONGEST]
    given = {name: value for name, value in found.options.items() if name not in (*too_long, *_OURS)}
    return Entry(ours.address, {**ours.options, **given})


def seconds(text: str) -> float:
    """A time of ``main.cf``: ``30s``, ``5m``, ``30``; infinite if it is none."""
    found = re.fullmatch(r"\s*(\d{1,9})\s*([smhdw]?)\s*", text)
    return int(found[1]) * float(_UNITS[found[2] or "s"]) if found else float("inf")


def without_spaces(parts: Iterable[str]) -> str:
    """A list for an ``-o`` option of ``master.cf``, where postconf(1) takes no white space."""
    tight = (re.sub(r"\s*([{},=])\s*", r"\1", part.strip()) for part in parts)
    return ",".join(re.sub(r"\s+", ",", part) for part in tight)
