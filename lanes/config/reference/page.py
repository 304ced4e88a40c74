"""The reference of all settings as a page: ``docs/settings.md``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

from lanes.config.errors import ConfigError
from lanes.config.load import defaults_text, literal, parse
from lanes.config.reference.bounds import allowed
from lanes.config.reference.fields import NAME, Key, Table, tables
from lanes.config.units import Bytes, Seconds

#: Who has to be started again for a change to be in effect, by the first part of a key; the filter never has to.
READ_BY = {
    "mode": "the filter",
    "data_dir": "every program",
    "default_lane": "the filter, the worker",
    "redis": "every program but the failsafe",
    "mta": "every program",
    "milter": "the filter, the router (`group`)",
    "policy": "the filter, the worker, the API",
    "lanes": "every program",
    "relays": "every program",
    "roads": "every program",
    "budgets": "every program",
    "router": "the router, the manager",
    "manager": "every program but the failsafe",
    "domains": "the manager, the tracker",
    "worker": "the worker",
    "failsafe": "the failsafe",
    "tracker": "the tracker, the worker",
    "sla": "the manager, the API",
    "history": "the manager, the API",
    "alerts": "the filter, the manager, the notifier, the API",
    "web": "the API",
    "log": "every program",
}
_TYPES = {Seconds: "duration", Bytes: "size", int: "whole number", float: "number", str: "text", bool: "true or false"}
_PAGE = re.compile(r"docs/([a-z-]+\.md)")
_WRONG = '[lanes.bulk]\nmax_wiat = "1h"\n'

_INTRODUCTION = """\
# Settings: every key, what it means, what it may be

This page is written from what the programs themselves read: `python -m lanes.config > docs/settings.md`.

Settings are [TOML](https://toml.io) in `/etc/mta-lanes/lanes.toml`, or where `lanes --config FILE` or `LANES_CONFIG`
says. The file needs only what differs from the defaults, and may be missing: `lanes config --defaults` prints all
defaults with their meaning, `lanes config` checks the file and prints what is in effect.
[contrib/examples](../contrib/examples) has files to start from.

- **duration**: `"30s"`, `"5m"`, `"1h30m"`, `"24h"`, `"7d"`, or a number of seconds.
- **size**: `"250KB"` (1000 bytes each), `"10MiB"` (1024), or a number of bytes.
- `NAME` in a table's name is one that you choose, of lower-case letters, digits, `_` and `-`; for `policy.recipients`
  it is an address or a domain, for `batch.domains` a domain, for `mta.instances` a lane.

**A wrong value** stops a program before it does anything, with exit code 2 and a line that says where, what was found
and what is allowed. A key that is not known is wrong, too:

    lanes: {error}

**A change** is in effect once the programs that read it
[are started again](operations.md#after-a-change-of-the-settings). Only the filter reads its settings, rules and phrases
anew by itself; while those cannot be used it goes on with the old ones, and its log says why. Where it listens
(`milter.socket`) is read at its start.
"""


def page() -> str:
    """The whole of it."""
    return "\n".join([_INTRODUCTION.format(error=_error()), *(_table(table) for table in tables())])


def _error() -> str:
    try:
        parse(_WRONG, "/etc/mta-lanes/lanes.toml")
    except ConfigError as error:
        return str(error)
    raise AssertionError("the example of what is wrong is right")


def _table(table: Table) -> str:
    name = ".".join(table.path)
    lines = [f"## {name or 'In no table'}", "", *_about(table.about if name else ""),
             *([f"Read by {READ_BY[name]}.", ""] if name in READ_BY else []),
             "| key | type | default | meaning |", "|---|---|---|---|",
             *(_row(key) for key in table.keys), "", *_shipped(table)]
    return "\n".join(lines)


def _about(said: str) -> Iterator[str]:
    if said:
        yield from (_sentence(_markdown(said)), "")


def _row(key: Key) -> str:
    kind = "; ".join([_type(key.type), *allowed(key)])
    default = "**required**" if key.default is None else f"`{key.default}`" if key.default else ""
    return _cells(f"`{key.path[-1]}`", kind, default, _markdown(key.said))


def _shipped(table: Table) -> Iterator[str]:
    """What the defaults have for names of theirs."""
    if table.path[-1:] != (NAME,) or NAME in table.path[:-1]:
        return
    tree: Any = tomllib.loads(defaults_text())
    for part in table.path[:-1]:
        tree = tree.get(part, {})
    if tree:
        yield from ("As shipped:", "", _cells("key", *tree), "|---" * (len(tree) + 1) + "|")
        for name in dict.fromkeys(name for one in tree.values() for name in one):
            yield _cells(f"`{name}`", *(_value(one.get(name)) for one in tree.values()))
        yield ""


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return f"`{', '.join(f'{name} = {literal(one)}' for name, one in value.items())}`"
    return "" if value is None else f"`{literal(value)}`"


def _type(hint: Any) -> str:
    origin, inner = get_origin(hint), get_args(hint)
    if hint in _TYPES:
        return _TYPES[hint]
    if origin is Literal:
        return " or ".join(f"`{literal(value)}`" for value in inner)
    if origin is tuple:
        return f"list of {_type(inner[0])}"
    if origin is dict:
        return f"table of {_type(inner[1])}"
    return " or ".join(_type(one) for one in inner if one is not type(None))


def _markdown(text: str) -> str:
    """Docstrings and comments as Markdown: code, pages of ours as links, and nothing that would be taken for HTML."""
    return _PAGE.sub(r"[\1](\1)", text.replace("``", "`").replace("<", "&lt;"))


def _cells(*texts: str) -> str:
    return f"| {' | '.join(text.replace('|', chr(92) + '|') for text in texts)} |"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".:") + "."
