"""Answers of the API about what was, from the history: finished minutes count.

Reading weeks of minutes takes seconds, and they change once a minute: an answer is good until the minute is over, and
one is made at a time. Who waits for that takes a seat, of which there are less than threads.

Failure: 503 if the history cannot be read, also where nothing was ever written, or if too many wait for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Any

import structlog
from msgspec import UNSET, Meta, Raw, UnsetType
from sqlalchemy.exc import SQLAlchemyError

from lanes.answers import Items
from lanes.answers import sla as answers
from lanes.config.units import parse_seconds
from lanes.history.reports import course, reports
from lanes.web.look import LaneName, lanes_of
from lanes.web.problems import ProblemError
from lanes.web.route import Asked, Desk, Query

#: Seconds after which it is worth while to ask again: a minute's end brings more, and an answer takes some.
_NEXT_MINUTE, _NEXT_TURN = {"Retry-After": "60"}, {"Retry-After": "5"}

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


def sla(desk: Desk, asked: Asked[Past, None]) -> Raw:
    """How well each lane kept its word."""
    names = lanes_of(desk, asked.query.lane)

    def read(since: float, now: float) -> Iterator[answers.Sla]:
        return map(answers.sla, reports(desk.settings, names, since, now))

    return _of_this_minute(desk, asked.query, read)


def history(desk: Desk, asked: Asked[Course, None]) -> Raw:
    """What each lane delivered, stretch by stretch, for plots."""
    names, points = lanes_of(desk, asked.query.lane), asked.query.points

    def read(since: float, now: float) -> Iterator[answers.Point]:
        found = course(desk.settings, names, since, now, points)
        return (answers.point(lane, stretch) for lane, stretches in found.items() for stretch in stretches)

    return _of_this_minute(desk, asked.query, read)


def _of_this_minute(desk: Desk, query: Past | Course, read: Callable[[float, float], Iterator[Any]]) -> Raw:
    def make() -> Items[Any]:
        now = desk.clock()
        since = max(now - parse_seconds(query.since), 0.0)
        try:
            return Items(items=list(read(since, now)))
        except SQLAlchemyError as error:
            log.warning("the history cannot be read", error=str(error).splitlines()[0])
            why = "The history cannot be read (has the manager written any yet?)."
            raise ProblemError(503, why, _NEXT_MINUTE) from error

    known = desk.past.known(query)
    if known is not None:
        return known
    with desk.seat() as seated:
        if not seated:
            raise ProblemError(503, "Too many wait for the history, or for the worker, already.", _NEXT_TURN)
        return desk.past.answer(query, make)
