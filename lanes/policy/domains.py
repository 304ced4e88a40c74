"""Which domains belong together: those below one registered name, by the Public Suffix List."""

from __future__ import annotations

from functools import cache, lru_cache

from publicsuffixlist import PublicSuffixList


@lru_cache(maxsize=4096)
def organization(domain: str) -> str:
    """The organizational domain (RFC 7489, 3.2) of a lower-case domain; itself if it is a public suffix."""
    return _suffixes().privatesuffix(domain) or domain


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()
