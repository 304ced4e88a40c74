"""Answers of the API about what was, from the history: finished minutes count.

Failure: 503 if the history cannot be read, also where nothing was ever written.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import structlog
from msgspec import UNSET, Meta, UnsetType
from sqlalchemy.exc import SQLAlchemyError

from lanes.answers import Items
from lanes.answers import sla as answers
from lanes.config.units import parse_seconds
from lanes.history.reports import course, reports
from lanes.web.look import LaneName, lanes_of
from lanes.web.problems import ProblemError
from lanes.web.route import Asked, Desk, Query

#: Seconds after which it is worth while to ask again: a minute's end brings more.
_AGAIN = {"Retry-After": "60"}

Since = Annotated[str, Meta(pattern="^[0-9]{1,6}[smhdw]$")]
Points = Annotated[int, Meta(ge=1, le=1000)]

log = structlog.get_logger("lanes.web")


class Past(Query, frozen=True, kw_only=True):
    """The last hours or days."""

    since: Since = "7d"
    """How far to look back: 24h, 7d."""
    lane: LaneName | UnsetType = UNSET
    """Only this lane."""


class Course(Query, frozen=True, kw_only=True):
    """The last hours or days, in stretches."""

    since: Since = "24h"
    """How far to look back: 24h, 7d."""
    lane: LaneName | UnsetType = UNSET
    """Only this lane."""
    points: Points = 120
    """In about how many stretches of time, each a minute or longer."""


def sla(desk: Desk, asked: Asked[Past, None]) -> Items[answers.Sla]:
    """How well each lane kept its word."""
    names, now = lanes_of(desk, asked.query.lane), desk.clock()
    with _reading():
        found = reports(desk.settings, names, _since(asked, now), now)
    return Items(items=[answers.sla(report) for report in found])


def history(desk: Desk, asked: Asked[Course, None]) -> Items[answers.Point]:
    """What each lane delivered, stretch by stretch, for plots."""
    names, now = lanes_of(desk, asked.query.lane), desk.clock()
    with _reading():
        found = course(desk.settings, names, _since(asked, now), now, asked.query.points)
    return Items(items=[answers.point(lane, stretch) for lane, stretches in found.items() for stretch in stretches])


@contextmanager
def _reading() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        log.warning("the history cannot be read", error=str(error).splitlines()[0])
        raise ProblemError(503, "The history cannot be read (has the manager written any yet?).", _AGAIN) from error


def _since(asked: Asked[Any, None], now: float) -> float:
    return max(now - parse_seconds(asked.query.since), 0.0)
