"""The application: routes, who may ask, and the dashboard's files."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import msgspec
from flask import Flask, Response, request

from lanes.house import House
from lanes.web import files, limits, problems
from lanes.web.asked import read
from lanes.web.auth import Doorkeeper, check_origin
from lanes.web.glances import Glances
from lanes.web.live import Live
from lanes.web.openapi import as_json
from lanes.web.route import JSON, Desk, Reply, Route
from lanes.web.table import LIVE, ROUTES


def create_app(
    house: House, clock: Callable[[], float] = time.time, beat: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Flask:
    """The application of an MTA's house; ``app.extensions["live"]`` is its :class:`Live`."""
    app = Flask(__name__, static_folder=None)
    app.url_map.merge_slashes = False
    settings = house.settings
    app.config["MAX_CONTENT_LENGTH"] = int(settings.web.body_max)
    glances = Glances(house, clock, beat)
    live = Live(glances.overview, settings.web.streams, LIVE, beat)
    app.extensions["live"] = live
    desk, doorkeeper = Desk(house, glances, live, clock, sleep), Doorkeeper(settings.web.tokens)
    problems.register(app)
    limits.register(app, settings.web)
    app.before_request(lambda: doorkeeper.check_host(request.headers.get("Host", "")))
    for route in ROUTES:
        rule = re.sub(r"{(\w+)}", r"<\1>", route.path)
        app.add_url_rule(rule, f"{route.method} {route.path}", _view(route, desk, doorkeeper), methods=[route.method],
                         provide_automatic_options=False)  # fmt: skip
    openapi = as_json(tokens=bool(settings.web.tokens))
    app.add_url_rule("/openapi.json", "openapi", lambda: Response(openapi, content_type=JSON),
                     provide_automatic_options=False)  # fmt: skip
    files.register(app)
    return app


def _view(route: Route, desk: Desk, doorkeeper: Doorkeeper) -> Callable[..., Response]:
    def view(**path: str) -> Response:
        who = doorkeeper.admit(route.scope, request.headers.get("Authorization"))
        if route.method != "GET":
            check_origin(request.headers)
        return _response(route.answers(desk, read(request, route, who, path)))

    return view


def _response(answer: Any) -> Response:
    if isinstance(answer, Response):
        return answer
    reply = answer if isinstance(answer, Reply) else Reply(answer, 200)
    return Response(msgspec.json.encode(reply.answer), reply.status, content_type=JSON)
