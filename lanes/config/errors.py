"""The one error of the settings: said so that the reader can mend the file at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ConfigError(Exception):
    """A setting cannot be used.

    ``key`` is dotted as in TOML (``lanes.bulk.sla``), ``line`` is 1-based and 0 if unknown.
    """

    def __init__(self, problem: str, *, file: str = "", key: str = "", line: int = 0) -> None:
        super().__init__(problem)
        self.problem = problem
        self.file = file
        self.key = key
        self.line = line

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return ": ".join(part for part in (place, self.key, self.problem) if part)


def nearest(name: str, known: Iterable[str]) -> str:
    """``did you mean 'x'? (known: a, b, c)``, or only the known names."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    guess = f"did you mean '{close[0]}'? " if close else ""
    return f"{guess}(known: {', '.join(names) or 'none'})"
