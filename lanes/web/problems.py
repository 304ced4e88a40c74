"""What is wrong with a request, or with us, as RFC 9457 has it: ``application/problem+json``.

Contract: every error is told so, also those of the framework and of the server. Of an error of ours nothing is told
but an id, under which the log has the rest.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from http import HTTPStatus
from uuid import uuid4

import msgspec
import structlog
from flask import Flask, Response, request
from redis import RedisError
from werkzeug.exceptions import HTTPException

from lanes.answers import Answer
from lanes.message import printable

MEDIA_TYPE = "application/problem+json"
#: Seconds after which it is worth while to ask again, where Redis is away.
_AGAIN = 2
#: Seconds between two lines in the log about that.
_SAID_EVERY = 60.0
#: What is worth a line in the log.
_REFUSED = (401, 403)

log = structlog.get_logger("lanes.web")


class Problem(Answer, frozen=True, kw_only=True):
    """What is wrong (RFC 9457)."""

    type: str = "about:blank"
    """A URI; ``about:blank``: the title says it all."""
    title: str
    status: int
    detail: str
    instance: str
    """What was asked for; of an error of ours, what the log calls it."""


class ProblemError(Exception):
    """A request that is not answered as its sender wished."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})


def problem(status: int, detail: str, instance: str) -> Problem:
    """A problem by its status."""
    return Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, instance=instance)


class _Outages:
    """Says in the log that Redis is away: once in a while, and not to each who asks meanwhile."""

    def __init__(self) -> None:
        self._said_at = -math.inf

    def say(self, error: RedisError, now: float) -> None:
        """Unless it was said just now."""
        if now - self._said_at >= _SAID_EVERY:
            self._said_at = now
            log.warning("redis does not answer", error=str(error))


_outages = _Outages()


def unavailable(error: RedisError) -> ProblemError:
    """Redis does not answer."""
    _outages.say(error, time.monotonic())
    return ProblemError(503, "Redis does not answer; mail flows without lanes meanwhile.", {"Retry-After": str(_AGAIN)})


def register(app: Flask) -> None:
    """Have all errors of an application told as problems."""
    app.register_error_handler(ProblemError, told)
    app.register_error_handler(RedisError, lambda error: told(unavailable(error)))
    app.register_error_handler(HTTPException, _framework)
    app.register_error_handler(Exception, _unforeseen)


def told(error: ProblemError) -> Response:
    """A problem as an answer."""
    if error.status in _REFUSED:
        log.info("refused", status=error.status, address=request.remote_addr, method=request.method,
                 path=printable(request.path), why=error.detail)
    return _response(problem(error.status, error.detail, request.path), error.headers)


def _framework(error: HTTPException) -> Response:
    status = error.code or 500
    kept = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After", "Location")}
    return _response(problem(status, error.description or HTTPStatus(status).phrase, request.path), kept)


def _unforeseen(error: Exception) -> Response:
    id = f"urn:uuid:{uuid4()}"
    log.error("a request failed", id=id, method=request.method, path=request.path, exc_info=error)
    return _response(problem(500, "The server failed; its log says why, under the instance's id.", id), {})


def _response(about: Problem, headers: Mapping[str, str]) -> Response:
    return Response(msgspec.json.encode(about), about.status, headers, content_type=MEDIA_TYPE)
