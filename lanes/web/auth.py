"""Who asks, and whether they may.

Where tokens are configured, a request bears one (``Authorization: Bearer``, RFC 6750); without any, the address is on
loopback (:mod:`lanes.config.check_web`) and everybody there may do everything. A page of another site may do nothing
in either case: it could have a browser ask in its user's name.

Contract: a token is compared with all that there are, in constant time, and it is its SHA-256 that is compared.
Failure: :class:`~lanes.web.problems.ProblemError`.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
from collections.abc import Mapping
from hashlib import sha256
from http import HTTPStatus
from typing import NamedTuple

from flask import Response
from werkzeug.datastructures import Headers

from lanes.config.web import Scope, Token
from lanes.web.problems import ProblemError

_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="mta-lanes"'}
_INVALID = 'error="invalid_token"'
_WRONG = {"WWW-Authenticate": f'Bearer realm="mta-lanes", {_INVALID}'}
#: Of a URL (RFC 3986, 3.2.2): an address of IPv6, or anything else.
_HOST = re.compile(r"(?:\[([^\]]*)\]|([^:\[\]]*))(?::\d*)?", re.ASCII)
_OWN_PAGES = ("same-origin", "none")


class Who(NamedTuple):
    """Somebody who may ask."""

    name: str
    """The token's name; empty where none is needed."""
    scope: Scope

    def may(self, scope: Scope) -> bool:
        """Whether they may do what needs ``scope``."""
        return scope in (self.scope, "read")


_ANYBODY = Who("", "read")
_ON_LOOPBACK = Who("", "operate")


class Doorkeeper:
    """Knows the tokens."""

    def __init__(self, tokens: Mapping[str, Token]) -> None:
        self._known = [(Who(name, token.scope), token.sha256.encode()) for name, token in tokens.items()]

    def admit(self, scope: Scope | None, authorization: str | None) -> Who:
        """Who asks for what needs ``scope``; for what needs none, no token is looked at."""
        if scope is None:
            return _ANYBODY
        who = self._who(authorization) if self._known else _ON_LOOPBACK
        if not who.may(scope):
            raise ProblemError(403, f"This needs a token of scope {scope}; {who.name} has scope {who.scope}.")
        return who

    def _who(self, authorization: str | None) -> Who:
        scheme, _, token = (authorization or "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise ProblemError(401, "A token is needed: `Authorization: Bearer TOKEN` (`lanes token` makes one).",
                               _CHALLENGE)  # fmt: skip
        given = sha256(token.encode("utf-8", "surrogateescape")).hexdigest().encode()
        found = [who for who, digest in self._known if hmac.compare_digest(digest, given)]
        if not found:
            raise ProblemError(401, "No such token is known here.", _WRONG)
        return found[0]

    def check_host(self, host: str) -> None:
        """Where no token is needed: the name that was asked for is this machine's, and no name that somebody else
        has made point here (DNS rebinding)."""
        if not self._known and not _is_loopback(host):
            raise ProblemError(403, "Without a token, ask for localhost or an address of the loopback interface.")


def is_wrong_token(response: Response) -> bool:
    """Whether a request was refused for a token that is not known, rather than for want of one."""
    return response.status_code == HTTPStatus.UNAUTHORIZED and _INVALID in response.headers["WWW-Authenticate"]


def check_origin(headers: Headers) -> None:
    """What changes something is not asked for by a page of another site."""
    site, origin = headers.get("Sec-Fetch-Site"), headers.get("Origin")
    own = site in _OWN_PAGES if site else not origin or origin.partition("://")[2] == headers.get("Host", "")
    if not own:
        raise ProblemError(403, "A page of another site may not ask for this.")


def _is_loopback(host: str) -> bool:
    found = _HOST.fullmatch(host)
    name = (found[1] or found[2]).lower() if found else ""
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
