"""In which country the mail servers of recipient domains stand, as far as one filter knows.

Contract: pure, and waits for nothing: a domain of which nothing is known is nowhere for now, and is noted to be
asked for. Bounded: at most ``limit`` domains are remembered, and asked for in one go; of 0, nothing is. What is
known is asked for again after :data:`FRESH` seconds, and goes on until there is an answer. Safe to share between
threads: a race costs a question.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

#: Seconds after which what is known is asked for again ...
FRESH = 600.0
#: ... and what is not known yet.
SOON = 5.0
#: Domains that are asked for in one go, at most.
ASKED = 500


class Countries:
    """Recipient domain -> country code (ISO 3166-1 alpha-2, lower case)."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._known: dict[str, tuple[str, float]] = {}
        self._missed: dict[str, None] = {}

    def of(self, domain: str, now: float) -> str:
        """The country; empty if it is not known. ``now`` is Unix time in seconds."""
        country, again_at = self._known.get(domain, ("", now))
        if not 0 < again_at - now <= FRESH and len(self._missed) < min(self._limit, ASKED):
            self._missed[domain] = None
        return country

    def missed(self) -> list[str]:
        """The domains that were looked for since the last call and are to be asked for."""
        missed, self._missed = self._missed, {}
        return list(missed)

    def learn(self, asked: Iterable[str], found: Mapping[str, str], now: float) -> None:
        """Take in an answer: ``found`` has the countries (empty: none) of those of ``asked`` that are known."""
        for domain in asked:
            before = self._known.pop(domain, ("", now))[0]
            wait = FRESH if domain in found else SOON
            self._known[domain] = (found.get(domain, before), now + wait)
        for domain in list(self._known)[: max(len(self._known) - self._limit, 0)]:
            self._known.pop(domain, None)
