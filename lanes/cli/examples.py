"""Examples of a command: the last lines of its ``--help``, and in the reference (:mod:`lanes.cli.reference`)."""

from __future__ import annotations

_TITLE = "\b\nExamples:\n"


def examples(*arguments: str) -> str:
    """An epilog for click: command lines, of which each argument is what follows ``lanes``."""
    return _TITLE + "\n".join(f"  lanes {line}" for line in arguments)


def examples_in(epilog: str | None) -> list[str]:
    """The command lines of such an epilog."""
    return [line.strip() for line in (epilog or "").removeprefix(_TITLE).splitlines()]
