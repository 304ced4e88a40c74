"""Senders under other names: the same sender has the same one, and who has not the key cannot tell whose it is.

A keyed hash (BLAKE2, RFC 7693) of the address, and of its domain, so that senders of one domain still are. Domains of
recipients stay: the simulator needs them, and a site that must hide those, too, has to replace them itself.
"""

from __future__ import annotations

import hashlib

#: Bytes of a key.
KEY = 32


class Pseudonyms:
    """Under one key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of(self, sender: str) -> str:
        """Its pseudonym; nobody's mail (a bounce) stays nobody's."""
        if not sender:
            return ""
        domain = sender.rpartition("@")[2].lower()
        return f"{self._hash(sender)}@{self._hash(domain)}.invalid"

    def _hash(self, text: str) -> str:
        data = text.encode("utf-8", "surrogateescape")
        return hashlib.blake2b(data, digest_size=8, key=self._key).hexdigest()
