"""Who lives here: recipients whose mail the MTA delivers itself, or sends by tables of its own.

A relay is chosen for a message as a whole, and the MTA (Postfix: FILTER) then sends it there for every
recipient, past its own routing. Mail for somebody at home would leave for the relay, or for the domain's own
MX, which is here, and come back or bounce. So such mail takes no relay.

Contract: pure. An address without a domain, or at an address of this or that host (``[192.0.2.1]``, RFC 5321,
4.1.3), is taken to be at home: the MTA knows better than we. What the MTA makes of an address later (aliases,
copies to an archive) is not known here.
"""

from __future__ import annotations

from collections.abc import Iterable

from lanes import addresses
from lanes.config.units import parse_address_entry


class Home:
    """The site's own domains: ``example.com``, or ``*.example.com`` for all below it."""

    def __init__(self, domains: Iterable[str]) -> None:
        self._domains = frozenset(map(parse_address_entry, domains))

    def first(self, recipients: Iterable[str]) -> str | None:
        """The first recipient who is at home; None if all are elsewhere."""
        return next(filter(self._has, recipients), None)

    def _has(self, recipient: str) -> bool:
        domain = recipient.rpartition("@")[2] if "@" in recipient else ""
        return not domain or domain.startswith("[") or not self._domains.isdisjoint(addresses.keys(domain))
