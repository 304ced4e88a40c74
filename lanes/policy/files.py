"""The policy's own TOML files: read, and where in them a key stands.

Failure: :class:`ConfigError` naming the file, and the line if there is one.
"""

from __future__ import annotations

import re
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

from lanes.config.errors import ConfigError

BUILTIN = "builtin"


class File(NamedTuple):
    """A file that was read, and its text, in which errors find their line."""

    name: str
    text: str
    content: dict[str, Any]


def read(name: str, builtin: str) -> File:
    """The file ``name``, or the package's own ``builtin`` where that is what ``name`` says."""
    place = resources.files("lanes.policy") / builtin if name == BUILTIN else Path(name)
    try:
        text = place.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read it: {error}", file=name) from error
    shown = f"{BUILTIN} {builtin}" if name == BUILTIN else name
    try:
        return File(shown, text, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        raise ConfigError(f"not TOML: {error}", file=shown, line=int(line[1]) if line else 0) from error


def line_of(text: str, table: str, nth: int, keys: tuple[str, ...]) -> int:
    """The line on which the ``nth`` (from 0) ``[[table]]`` sets the last of ``keys`` that can be found.

    The line of the table's own header if none can, 0 if there is no such table.
    """
    lines = text.splitlines()
    starts = [n for n, line in enumerate(lines) if re.match(rf"\s*\[\[\s*{re.escape(table)}\s*\]\]", line)]
    if nth >= len(starts):
        return 0
    end = starts[nth + 1] if nth + 1 < len(starts) else len(lines)
    best = starts[nth]
    for key in keys:
        word = re.compile(rf"(?<![\w-])[\"']?{re.escape(key)}[\"']?\s*[=.\]]")
        best = next((n for n in range(best, end) if word.search(lines[n])), best)
    return best + 1
