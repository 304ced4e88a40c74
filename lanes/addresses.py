"""Tables of mail addresses: the three spellings of an entry, and how one is found.

An entry is an address (``vip@example.com``), a domain (``example.com``), or everything below a
domain (``*.example.com``, which is not ``example.com`` itself). The most specific entry counts.
A search costs one dictionary lookup per label of the domain, however large the table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")
_LABELS = 20
#: No address is longer (RFC 5321, 4.5.3.1), and none in a table.
_CHARS = 512


def keys(address: str) -> list[str]:
    """The entries that cover ``address``, the most specific first."""
    if len(address) > _CHARS:
        return []
    address = address.lower().rstrip(".")
    domain = address.rpartition("@")[2]
    found = [address] if domain == address else [address, domain]
    parent = domain
    for _ in range(_LABELS):
        parent = parent.partition(".")[2]
        if not parent:
            break
        found.append(f"*.{parent}")
    return found


def look_up(table: Mapping[str, T], address: str) -> T | None:
    """The most specific entry of ``table`` (its keys as :func:`lanes.config.units.parse_address_entry` spells them)."""
    return next((table[key] for key in keys(address) if key in table), None)
