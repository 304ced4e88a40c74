"""Durations and sizes as people write them: ``"5m"``, ``"1h30m"``, ``"10MB"``, or a bare number.

Contract: the parsed values are plain numbers of their base unit (seconds, bytes), so that the
rest of the code computes with them directly.

Failure: ``ValueError`` saying what was found and what is allowed.
"""

from __future__ import annotations

import re

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_BYTES = {"B": 1, "KB": 1000, "MB": 1000**2, "GB": 1000**3, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)", re.ASCII)

_ADDRESS_ENTRY = re.compile(r"(?:\*\.|\S+@)?[^\s@*]+")


class Seconds(float):
    """A duration; a float of seconds that remembers being one, so that it is printed as ``5m``."""

    def __str__(self) -> str:
        return format_seconds(self)


class Bytes(int):
    """A size in bytes."""


def parse_seconds(value: object) -> Seconds:
    """``"1h30m"`` or ``5400`` as seconds; never negative."""
    allowed = 'a duration such as "30s", "5m", "1h30m" or "24h", or a number of seconds'
    if isinstance(value, bool):
        raise ValueError(f"found {value!r}, allowed: {allowed}")
    if isinstance(value, int | float) and 0 <= value < float("inf"):
        return Seconds(value)
    if isinstance(value, str):
        parts = _PART.findall(value)
        if parts and "".join(number + unit for number, unit in parts) == value:
            return Seconds(sum(float(number) * _SECONDS[unit] for number, unit in parts))
    raise ValueError(f"found {value!r}, allowed: {allowed}")


def parse_bytes(value: object) -> Bytes:
    """``"250KB"`` or ``250000`` as bytes; never negative."""
    allowed = 'a size such as "250KB", "10MiB", or a number of bytes'
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return Bytes(value)
    if isinstance(value, str):
        match = re.fullmatch(r"(\d+)\s*([A-Za-z]+)", value, re.ASCII)
        if match and match[2] in _BYTES:
            return Bytes(int(match[1]) * _BYTES[match[2]])
    raise ValueError(f"found {value!r}, allowed: {allowed}")


def parse_address_entry(value: str) -> str:
    """An entry of a table of mail addresses, in lower case: ``a@example.com``, ``example.com``, ``*.example.com``."""
    entry = value.strip().lower().rstrip(".")
    if not _ADDRESS_ENTRY.fullmatch(entry):
        raise ValueError(f"found {value!r}, allowed: an address, a domain, or '*.' and a domain")
    return entry


def format_seconds(value: float) -> str:
    """The shortest exact spelling: ``90.0`` is ``1m30s``, ``0.05`` is ``50ms``."""
    rest, text = round(value * 1000), ""
    for unit in ("d", "h", "m", "s", "ms"):
        whole, rest = divmod(rest, round(_SECONDS[unit] * 1000))
        text += f"{whole}{unit}" if whole else ""
    return text or "0s"
