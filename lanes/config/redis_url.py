"""What ``redis.url`` may say: where Redis is, or who knows where it is.

``embedded`` is a private server that ``lanes up`` starts. ``redis://``, ``rediss://`` (TLS) and
``unix://`` are redis-py's own. Behind Sentinel, which knows the master of a service by name::

    redis+sentinel://[user][:password]@host[:port],host[:port].../service[/db][?options]
    rediss+sentinel://...                       TLS, to the servers and to the Sentinels

User and password are the servers', percent-encoded, as redis-py has them; the Sentinels' own are the
options ``sentinel_username`` and ``sentinel_password``. All other options are redis-py's.

Contract: pure. Failure: :class:`ValueError`, which says what is wrong and never shows a password.
"""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

EMBEDDED = "embedded"
#: The port of a Sentinel that names none (IANA has none; it is what ``sentinel.conf`` is shipped with).
SENTINEL_PORT = 26379

_DIRECT = ("redis", "rediss", "unix")
_BY_SENTINEL = {"redis+sentinel": "redis", "rediss+sentinel": "rediss"}
_FORM = "scheme://[user:password@]host:port,host:port/service/db"


class BySentinel(NamedTuple):
    """Servers that Sentinels know."""

    sentinels: tuple[tuple[str, int], ...]
    """Host and port of each."""
    service: str
    """The name by which they know the master: ``sentinel monitor`` in their configuration."""
    server: str
    """What is known of the servers but where they are, as a URL for redis-py: user, password, db, options."""
    credentials: dict[str, str]
    """``username`` and ``password`` for the Sentinels, if they want any."""


def by_sentinel(url: str) -> BySentinel | None:
    """What a URL says of Sentinels; None if it leads to Redis itself. Raises ``ValueError``."""
    scheme = url.partition("://")[0].lower()
    if url == EMBEDDED or (scheme in _DIRECT and "://" in url):
        return None
    if scheme not in _BY_SENTINEL or "://" not in url:
        known = ", ".join(f"{name}://" for name in (*_DIRECT, *_BY_SENTINEL))
        raise ValueError(f"found a URL of another kind, allowed: {EMBEDDED}, {known}")
    # urlsplit wants a single host, and takes several IPv6 addresses for a broken one.
    authority, slash, rest = url.partition("://")[2].partition("/")
    parts = urlsplit(f"{_BY_SENTINEL[scheme]}://{slash}{rest}")
    who, at, hosts = authority.rpartition("@")
    if "@" in parts.path or set(who) & set("?#"):
        raise ValueError("found '/', '?' or '#' in front of '@', allowed: written as %2F, %3F and %23")
    service, db = _service(parts)
    options, credentials = _options(parts)
    server = f"{parts.scheme}://{who}{at}localhost/{db}?{options}"
    return BySentinel(tuple(_address(host) for host in hosts.split(",")), service, server, credentials)


def _service(parts: SplitResult) -> tuple[str, str]:
    """The service's name, and the number of the database."""
    service, _, db = parts.path.removeprefix("/").partition("/")
    if not service:
        raise ValueError(f"found no name of a service, allowed: {_FORM}")
    if db and not (db.isascii() and db.isdigit()):
        raise ValueError(f"found {db!r} for a database, allowed: a number, as in {_FORM}")
    return unquote(service), db or "0"


def _options(parts: SplitResult) -> tuple[str, dict[str, str]]:
    """What the query says to the servers, and what to the Sentinels."""
    options = dict(parse_qsl(parts.query))
    credentials = {name: options.pop(f"sentinel_{name}", "") for name in ("username", "password")}
    return urlencode(options), {name: value for name, value in credentials.items() if value}


def _address(host: str) -> tuple[str, int]:
    """One Sentinel's host and port."""
    try:
        parts = urlsplit(f"//{host}")
        name, port = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"found {host!r} for a Sentinel ({error}), allowed: {_FORM}") from error
    if not name or parts.path or host.endswith(":"):
        raise ValueError(f"found {host!r} for a Sentinel, allowed: {_FORM}")
    return name, port or SENTINEL_PORT
