"""Is this client in one of these networks?

A set of networks is a dictionary per prefix length, so a question costs one lookup per length in
use. Failure: ``ValueError`` for what is not a network; a client that is not an address is in none.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@lru_cache(maxsize=4096)
def address(text: str) -> Address | None:
    """The address that ``text`` spells, an IPv4-mapped one (RFC 4291, 2.5.5.2) as IPv4."""
    try:
        found = ipaddress.ip_address(text.lower().removeprefix("ipv6:"))
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, ipaddress.IPv6Address) else found


class Networks:
    """A set of networks in CIDR notation; a bare address is a network of one."""

    def __init__(self, networks: Iterable[str]) -> None:
        self._names: dict[tuple[int, int], dict[int, str]] = {}
        for name in networks:
            net = ipaddress.ip_network(name, strict=False)
            bits = net.max_prefixlen - net.prefixlen
            self._names.setdefault((net.version, bits), {})[int(net.network_address) >> bits] = name

    def find(self, client: str) -> str | None:
        """The network, as it was written, that ``client`` is in."""
        known = address(client)
        if known is None:
            return None
        number = int(known)
        for (version, bits), names in self._names.items():
            if version == known.version and number >> bits in names:
                return names[number >> bits]
        return None
