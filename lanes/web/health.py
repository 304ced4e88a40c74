"""Whether the API is alive, whether it can answer, and what Prometheus is told."""

from __future__ import annotations

from flask import Response, request
from redis import RedisError

from lanes.answers import Answer
from lanes.metrics.collector import House, exposition
from lanes.web.problems import unavailable
from lanes.web.route import Asked, Desk, Query


class Health(Answer, frozen=True, kw_only=True):
    """That all is well."""

    status: str = "ok"


def alive(_desk: Desk, _asked: Asked[Query, None]) -> Health:
    """Whether the process answers; nothing else is asked for it."""
    return Health()


def ready(desk: Desk, _asked: Asked[Query, None]) -> Health:
    """Whether Redis answers, without which nothing is known."""
    try:
        desk.house.store.client.ping()
    except RedisError as error:
        raise unavailable(error) from error
    return Health()


def metrics(desk: Desk, _asked: Asked[Query, None]) -> Response:
    """The house's metrics, for Prometheus."""
    house = House(desk.house.store, desk.settings, desk.clock)
    text, media = exposition(house, request.headers.get("Accept", ""))
    return Response(text, content_type=media)
