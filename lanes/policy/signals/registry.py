"""Where signals are registered under their names, and found."""

from __future__ import annotations

from collections.abc import Callable

from lanes.policy.facts import Facts, Kind, Seen, Signal

Reader = Callable[[Facts], Seen | None]
SIGNALS: dict[str, Signal] = {}
_HEADER = "header."


def signal(name: str, kind: Kind) -> Callable[[Reader], Reader]:
    """Register a function as the signal ``name``."""

    def register(read: Reader) -> Reader:
        SIGNALS[name] = Signal(name, kind, read)
        return read

    return register


def find(name: str) -> Signal | None:
    """The signal of this name; any ``header.NAME`` is one."""
    if name.startswith(_HEADER) and len(name) > len(_HEADER):
        return _header(name.lower())
    return SIGNALS.get(name)


def _header(name: str) -> Signal:
    wanted = name.removeprefix(_HEADER)

    def read(facts: Facts) -> Seen | None:
        values = facts.headers(wanted)
        return Seen(tuple(values), values[0]) if values else None

    return Signal(name, Kind.TEXT, read)
