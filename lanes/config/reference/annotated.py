"""``defaults.toml`` as its readers see it: each key with the comment beside it, also in the examples.

Rules for that file follow from how it is read here:

- a comment on the line of a key, and indented comments below it, are about that key;
- ``# ---`` begins a paragraph about the next table;
- ``# [table]`` and ``# key = value`` are examples: they document keys that have no default.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any, NamedTuple

from lanes.config.load import defaults_text

Path = tuple[str, ...]

_PART = r"(?:[\w-]+|\"[^\"]*\")"
_TABLE = re.compile(rf"\[(?P<name>{_PART}(?:\.{_PART})*)\]\s*(?:# ?(?P<said>.*))?")
_KEY = re.compile(rf"(?P<name>{_PART}) = (?P<value>(?:\"[^\"]*\"|[^\"#])*)(?:# ?(?P<said>.*))?")
_MORE = re.compile(r"\s+# ?(?P<said>.*)")
_PROSE = re.compile(r"# (?P<begins>--- )?(?P<said>.*)")


class Entry(NamedTuple):
    """A table or a key."""

    path: Path
    value: Any
    """A key's, in the defaults or in the example; an empty table for a table."""
    said: str


def entries() -> list[Entry]:
    """All of them in order, the examples among them; a key may come again in another lane."""
    return list(_entries())[1:]


def examples() -> dict[str, Any]:
    """The defaults with the examples in them: a value for each key that can be set."""
    tree: dict[str, Any] = {}
    for path, value, _ in entries():
        at = tree
        for part in path[:-1]:
            at = at.setdefault(part, {})
        at.setdefault(path[-1], value)
    return tree


def _entries() -> Iterator[Entry]:
    """Each once all was read that is said of it; an empty one first."""
    table, prose, entry = Path(), "", Entry((), None, "")
    for line in defaults_text().splitlines():
        code = _uncommented(line)
        if found := _TABLE.fullmatch(code):
            yield entry
            table = _split(found["name"])
            entry, prose = Entry(table, {}, _joined(prose, found["said"])), ""
        elif found := _KEY.fullmatch(code):
            yield entry
            value = tomllib.loads(f"value = {found['value']}")["value"]
            entry, prose = Entry((*table, *_split(found["name"])), value, found["said"] or ""), ""
        elif found := _MORE.fullmatch(code):
            entry = entry._replace(said=_joined(entry.said, found["said"]))
        elif (found := _PROSE.fullmatch(line)) and (prose or found["begins"]):
            prose = _joined(prose, found["said"])
    yield entry


def _uncommented(line: str) -> str:
    """An example's line without the ``#`` that makes it one; any other line as it is."""
    rest = line.removeprefix("#").removeprefix(" ")
    return rest if any(kind.fullmatch(rest) for kind in (_TABLE, _KEY, _MORE)) else line


def _split(dotted: str) -> Path:
    return tuple(part.strip('"') for part in re.findall(_PART, dotted))


def _joined(before: str, more: str | None) -> str:
    return f"{before} {more or ''}".strip()
