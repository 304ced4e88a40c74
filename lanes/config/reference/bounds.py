"""What a setting may be, in the words of the loader: it is asked by giving it values that are wrong."""

from __future__ import annotations

import functools
import operator
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args, get_origin

from lanes.config.errors import ConfigError
from lanes.config.load import defaults_text, laid_over
from lanes.config.reference.annotated import Path, examples
from lanes.config.reference.fields import NAME, Key
from lanes.config.section import Section
from lanes.config.units import Bytes, Seconds

#: Values of each type at and beyond what any setting allows.
_WRONG: Mapping[type, Sequence[Any]] = {
    Seconds: ("0s", "500ms", "9s", "100000d"),
    Bytes: (0, 2**60),
    int: (-(2**40), -1, 0, 2**40),
    float: (-1.0, 0.0, 1.0, 1.5, 1e-7),
    str: ("", "no such thing", "no-such-thing"),
    tuple: ([], [""], ["no such thing"]),
}
_DEFAULTS = tomllib.loads(defaults_text())
_ALLOWED = re.compile(r"allowed: (.+?)(?: \([^()]*\))?$")


def allowed(key: Key) -> list[str]:
    """What the loader says to be allowed, one text a bound; none if it takes whatever is of the type."""
    path, given = _table_around(key)
    table = functools.reduce(lambda at, part: at.setdefault(part, {}), path[:-1], given)
    bounds = list[str]()
    for wrong in _wrong(key.type):
        table[path[-1]] = wrong
        bounds += _answer(path, given)
    return list(dict.fromkeys(bounds))


def _wrong(hint: Any) -> Iterator[Any]:
    kinds = (get_origin(hint),) if get_origin(hint) in (tuple, dict) else (hint, *get_args(hint))
    for kind in kinds:
        yield from _WRONG.get(kind, ())


def _answer(path: Path, given: dict[str, Any]) -> Iterator[str]:
    """What the loader says about the key at ``path``, if that is wrong."""
    try:
        laid_over(_DEFAULTS, given)
    except ConfigError as error:
        found = _ALLOWED.search(error.problem)
        if found and error.key == ".".join(path):
            yield found[1]


def _table_around(key: Key) -> tuple[Path, dict[str, Any]]:
    """The key's path with names in it, and what has to be given for the table around it to be whole."""
    if NAME not in key.path:
        return key.path, {}
    tree = examples()
    first = key.path.index(NAME)
    head, rest = key.path[:first], key.path[first + 1:]
    named = functools.reduce(operator.getitem, head, tree)
    name = max(named, key=lambda one: _depth(named[one], rest))
    table = _of_kind(named[name], key.within)
    given: dict[str, Any] = {"relays": tree["relays"]}  # which others name
    functools.reduce(lambda at, part: at.setdefault(part, {}), head, given)[name.lower()] = table
    return (*head, name.lower(), *_named(rest, table)), given


def _depth(table: Any, path: Path) -> int:
    """How many parts of a path there are."""
    if not path or not isinstance(table, dict) or path[0] not in table:
        return 0
    return 1 + _depth(table[path[0]], path[1:])


def _of_kind(table: Mapping[str, Any], kind: type[Section] | None) -> dict[str, Any]:
    """What of an example for several kinds of table is of one."""
    if kind is None:
        return dict(table)
    known = {name: table[name] for name in kind.__struct_encode_fields__ if name in table}
    return known | {str(kind.__struct_config__.tag_field): kind.__struct_config__.tag}


def _named(path: Path, table: Any) -> Iterator[str]:
    """The path with the table's first name for each :data:`~lanes.config.reference.fields.NAME`."""
    for part in path:
        name = next(iter(table)) if part == NAME else part
        table = table.get(name) if isinstance(table, dict) else None
        yield name
