"""Reads what a request asks for: its path, query and body, checked against the route's types.

Failure: :class:`~lanes.web.problems.ProblemError`: 400 for what cannot be read, 404 for what
cannot be here, 422 for what is wrong, with the place of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from flask import Request

from lanes.web.auth import Who
from lanes.web.problems import ProblemError
from lanes.web.route import PATH, Asked, Query, Route

Q = TypeVar("Q", bound=Query)


def read(request: Request, route: Route, who: Who, path: Mapping[str, str]) -> Asked[Any, Any]:
    """What is asked for, by ``who``; ``path`` are the values in the route's path."""
    address = request.remote_addr or ""
    return Asked(who, address, _path(path), _query(request, route.query), _body(request, route))


def _path(path: Mapping[str, str]) -> Mapping[str, str]:
    """What stands in the path; nothing of that kind is here if it cannot be one."""
    for name, value in path.items():
        try:
            msgspec.convert(value, PATH[name])
        except msgspec.ValidationError as error:
            raise ProblemError(404, f"That is no {name}.") from error
    return path


def _query(request: Request, kind: type[Q]) -> Q:
    """The query parameters, each at most once."""
    if repeated := [name for name, values in request.args.lists() if len(values) > 1]:
        raise ProblemError(422, f"{repeated[0]}: given more than once")
    try:
        return msgspec.convert(request.args.to_dict(), kind, strict=False)
    except msgspec.ValidationError as error:
        raise ProblemError(422, str(error)) from error


def _body(request: Request, route: Route) -> Any:
    """The body; None if there is none."""
    if not route.bodies:
        return None
    data = request.get_data()
    if not data and not route.body_required:
        return None
    if request.mimetype not in route.bodies:
        raise ProblemError(415, f"Content-Type has to be {' or '.join(route.bodies)}.")
    kind = route.bodies[request.mimetype]
    return data if kind is bytes else _decoded(data, kind)


def _decoded(data: bytes, kind: Any) -> Any:
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        raise ProblemError(422, str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProblemError(400, f"The body is no JSON: {error}") from error
