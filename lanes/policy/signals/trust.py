"""Signals of who the sender is, as far as somebody verified it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

import authres

from lanes.policy.domains import organization
from lanes.policy.facts import Facts, Kind, Seen
from lanes.policy.signals.registry import signal

#: Of results the strongest first: DMARC is alignment itself (RFC 7489, 3.1).
_METHODS = ("dmarc", "dkim", "spf")
#: The next piece of the header (RFC 8601, 2.2), outside of comments and in one; what is not closed goes to the end.
_OUTSIDE = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?$)|[();]|\\.?|[^\\"();]+', re.DOTALL)
_COMMENT = re.compile(r"[()]|\\.?|[^\\()]+", re.DOTALL)
#: Results looked at in one header: more than any verifier writes.
_RESULTS = 20


@signal("local", Kind.FLAG)
def local(facts: Facts) -> Seen | None:
    """No SMTP client: somebody on this host submitted it (sendmail(1), pickup(8))."""
    return None if facts.message.client else Seen(True, "submitted on this host")


@signal("user", Kind.TEXT)
def user(facts: Facts) -> Seen | None:
    """The login name that the MTA verified (RFC 4954; the ``{auth_authen}`` macro)."""
    name = facts.message.user
    return Seen(name, name) if name else None


@signal("trusted-network", Kind.NETWORK)
def trusted_network(facts: Facts) -> Seen | None:
    """The client's address, if it is in ``policy.trusted_networks``."""
    client = facts.message.client
    network = facts.site.trusted_networks.find(client) if client else None
    return Seen(client, f"{client} in {network}") if network else None


@signal("trusted", Kind.FLAG)
def trusted(facts: Facts) -> Seen | None:
    """Whether the rules with ``trust`` trust this sender."""
    return facts.judge()


@signal("reputation", Kind.NUMBER)
def reputation(facts: Facts) -> Seen | None:
    """The sender's score, 0 (bad) to 1, from what was seen of it; not there if nothing was."""
    score = facts.reputation
    return None if score is None else Seen(float(score), f"{score:.2f}")


@signal("aligned", Kind.ADDRESS)
def aligned(facts: Facts) -> Seen | None:
    """The domain of From that a passed DMARC, DKIM or SPF check vouches for.

    By an ``Authentication-Results`` header (RFC 8601) of an authserv-id in ``policy.authserv_ids``;
    all others are ignored, and the site's border must remove forged ones (RFC 8601, 5). DKIM and
    SPF count if their domain and From's have the same organizational domain (RFC 7489, 3.1).
    """
    if not facts.site.authserv_ids:
        return None
    author = _author(facts.header("from") or "")
    if not author:
        return None
    for header in facts.headers("authentication-results"):
        for method, vouched in _passed(header, facts.site.authserv_ids):
            if vouched and organization(vouched) == organization(author):
                return Seen(author, f"{method}=pass for {author}")
    return None


def _passed(header: str, trusted_ids: frozenset[str]) -> Iterator[tuple[str, str]]:
    """(method, the domain it vouches for), of results that passed, the strongest methods first."""
    identity, *results = _parts(header)
    if identity.partition(" ")[0].lower() not in trusted_ids:
        return
    for method in _METHODS:
        for result in results[:_RESULTS]:
            name, _, rest = result.partition("=")
            if name.lower().startswith(method) and rest.lstrip().lower().startswith("pass"):
                yield from _read(result)


def _parts(header: str) -> list[str]:
    """What stands between the semicolons, without comments: the identity first, then the results.

    Comments mean nothing (RFC 8601, 2.2), may be nested, and may quote the sender. The library
    takes milliseconds over them.
    """
    parts, part, depth, place = [], "", 0, 0
    while place < len(header) and (piece := (_COMMENT if depth else _OUTSIDE).match(header, place)):
        text, place = piece[0], piece.end()
        if text == "(":
            depth += 1
        elif depth:
            depth -= text == ")"
        elif text == ";":
            parts.append(part.strip())
            part = ""
        else:
            part += text
    return [*parts, part.strip()]


@lru_cache(maxsize=4096)
def _read(result: str) -> tuple[tuple[str, str], ...]:
    """One result by RFC 8601's grammar; mail of one sender has the same again and again."""
    try:
        parsed = authres.AuthenticationResultsHeader.parse_value(f"id; {result}")
    except (authres.AuthResError, ValueError, IndexError, TypeError, AttributeError):
        return ()
    return tuple(
        (found.method.lower(), _domain(_vouched(found)))
        for found in parsed.results
        if found.result and found.result.lower() == "pass"
    )


def _vouched(found: authres.AuthenticationResult) -> str:
    wanted = {"dmarc": ("header", "from"), "dkim": ("header", "d"), "spf": ("smtp", "mailfrom")}
    key = wanted.get(found.method.lower())
    return next((p.value or "" for p in found.properties if (p.type.lower(), p.name.lower()) == key), "")


def _author(header: str) -> str:
    """The domain of From (RFC 5322, 3.6.2): of what stands in the last angle brackets, if any do."""
    bracketed = header.rpartition("<")[2].partition(">")[0]
    return _domain(bracketed)


def _domain(address: str) -> str:
    return address.rpartition("@")[2].strip().lower().rstrip(".")

