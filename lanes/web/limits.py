"""How much one address may ask for: a rate for all of it, and few wrong tokens.

Contract: a stream counts once, when it begins. Addresses of IPv6 are counted by network (/64), for whoever has one has
all of it. Counts are this process's own, and are forgotten within a minute.

Failure: 429 with ``Retry-After``.
"""

from __future__ import annotations

import ipaddress
import math
import time

from flask import Flask, Response, request
from flask_limiter import ApplicationLimit, Limiter, RateLimitExceeded

from lanes.config.web import Web
from lanes.web import counts
from lanes.web.auth import is_wrong_token
from lanes.web.problems import ProblemError, told

#: Wrong tokens a minute, after which an address is not listened to, whatever token it bears.
WRONG_TOKENS = 10
_NETWORK = 64


def register(app: Flask, web: Web) -> None:
    """Limit what an application is asked."""
    guessing = ApplicationLimit(
        f"{WRONG_TOKENS}/minute", deduct_when=is_wrong_token, exempt_when=lambda: "Authorization" not in request.headers
    )
    limiter = Limiter(
        _whence, app=app, storage_uri=f"{counts.SCHEME}://", strategy="fixed-window", headers_enabled=False,
        application_limits=[ApplicationLimit(f"{web.rate}/minute"), guessing],
    )  # fmt: skip
    app.register_error_handler(RateLimitExceeded, lambda error: _refused(error, limiter))


def _whence() -> str:
    """The address, or the network, that asks."""
    address = ipaddress.ip_address((request.remote_addr or "").partition("%")[0])
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network((address, _NETWORK), strict=False))


def _refused(error: RateLimitExceeded, limiter: Limiter) -> Response:
    limit = limiter.current_limit
    wait = math.ceil(limit.window[0] - time.time()) if limit else 60
    again = {"Retry-After": str(max(wait, 1))}
    return told(ProblemError(429, f"More than {error.description} from one address.", again))
