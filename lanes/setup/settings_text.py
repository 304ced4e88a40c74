"""Changes in a TOML file that leave the rest of it, comments and all, as it is.

A key is set where it stands, else below its table's heading, else at the top of the file as a dotted key. Each
way is tried on the text and read back: the first that changes that key and nothing else is taken.

Contract: pure. Failure: :class:`~lanes.setup.plan.SetupError` if no way does; the key can then be set by hand.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from lanes.setup.plan import SetupError

#: Columns after which a list has an entry a line.
_WIDE = 100


def with_key(text: str, name: str, value: str) -> str:
    """``text`` in which ``name`` (``table.key``, ``table.table.key``) is ``value``, which is TOML, too."""
    wanted = _laid_over(tomllib.loads(text), tomllib.loads(f"{name} = {value}"), len(name.split(".")))
    for changed in _ways(text, name, value):
        try:
            if tomllib.loads(changed) == wanted:
                return changed
        except tomllib.TOMLDecodeError:
            continue
    raise SetupError(f"cannot set {name} in the settings; put it there yourself: {name} = {value}")


def spelled(value: str | Sequence[str]) -> str:
    """A value as TOML."""
    if isinstance(value, str):
        return msgspec.json.encode(value).decode()
    items = [msgspec.json.encode(item).decode() for item in value]
    line = f"[{', '.join(items)}]"
    return line if len(line) <= _WIDE else "".join(("[\n", *(f"    {item},\n" for item in items), "]"))


def _laid_over(tree: Any, other: Any, depth: int) -> Any:
    """A tree with the values of another, down to that depth."""
    if not depth:
        return other
    return {**tree, **{key: _laid_over(tree.get(key, {}), value, depth - 1) for key, value in other.items()}}


def _ways(text: str, name: str, value: str) -> Iterator[str]:
    parts = name.split(".")
    splits = [(".".join(parts[:at]), ".".join(parts[at:])) for at in reversed(range(len(parts)))]
    for _, key in splits:
        for found in re.finditer(rf"^[ \t]*{re.escape(key)}[ \t]*=[ \t]*", text, re.MULTILINE):
            yield from (text[:found.end()] + value + text[end:] for end in _ends(text, found.end()))
    for table, key in splits[:-1]:
        heading = re.compile(rf"^[ \t]*\[[ \t]*{re.escape(table)}[ \t]*\][^\n]*$", re.MULTILINE)
        for found in heading.finditer(text):
            yield f"{text[:found.end()]}\n{key} = {value}{text[found.end():]}"
    yield f"{name} = {value}\n{text}"


def _ends(text: str, start: int) -> Iterator[int]:
    """Where a value that begins at ``start`` may end: at each of what closes it, the nearest first."""
    opened = text[start : start + 1]
    closed = re.escape({"[": "]"}.get(opened, opened))
    return (found.end() for found in re.compile(closed).finditer(text, start + 1))
