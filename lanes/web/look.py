"""Answers of the API that only look."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from flask import Response, request
from msgspec import UNSET, Meta, Raw, UnsetType

from lanes.answers import Answer, Items, alerts, domains, messages
from lanes.answers.audit import Audited, audited
from lanes.config.web import Scope
from lanes.life import State
from lanes.message import Record
from lanes.store.orders import Orders
from lanes.store.search import Search
from lanes.store.views import SETTLED
from lanes.web.problems import ProblemError
from lanes.web.route import Asked, Desk, Query

Limit = Annotated[int, Meta(ge=1, le=1000)]
LaneName = Annotated[str, Meta(max_length=64)]


class Who(Answer, frozen=True, kw_only=True):
    """Who asks."""

    name: str
    """The token's name; empty where none is needed."""
    scope: Scope


class OfLane(Query, frozen=True, kw_only=True):
    """Some of a lane, or of each."""

    lane: LaneName | UnsetType = UNSET
    """Only this lane."""
    limit: Limit = 50
    """How many at most, of each lane."""


class Which(OfLane, frozen=True, kw_only=True):
    """Messages that are looked for, or the head of a lane, or of each."""

    state: State | UnsetType = UNSET
    """Only those in this state; the head of a lane: of what is held."""
    q: Annotated[str, Meta(min_length=1, max_length=320)] | UnsetType = UNSET
    """An id, or an address or domain of a sender or recipient."""


class Some(Query, frozen=True, kw_only=True):
    """The last ones."""

    limit: Limit = 50
    """How many at most."""


def whoami(_desk: Desk, asked: Asked[Query, None]) -> Who:
    """Who you are, and what you may do."""
    return Who(name=asked.who.name, scope=asked.who.scope)


def queue_status(desk: Desk, _asked: Asked[Query, None]) -> Raw:
    """Every lane by name: depth, ages, and how its promise was kept. At most half a second old."""
    return desk.glances.queues()


def status(desk: Desk, _asked: Asked[Query, None]) -> Raw:
    """The lanes, the most urgent first, and the window."""
    return desk.glances.status()


def overview(desk: Desk, _asked: Asked[Query, None]) -> Raw:
    """Everything at a glance: what the dashboard shows."""
    return desk.glances.overview()


def live(desk: Desk, _asked: Asked[Query, None]) -> Response:
    """Server-sent events: `overview` with an overview at once and then each second, or `problem` with a problem."""
    desk.live.enter()
    events = desk.live.stream(request.environ.get("waitress.client_disconnected", lambda: False))
    response = Response(events, content_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
    response.call_on_close(desk.live.leave)
    return response


def list_domains(desk: Desk, asked: Asked[OfLane, None]) -> Items[domains.Domain]:
    """Recipient domains of lanes with batches, those with most mail first, and what was learned of each."""
    now = desk.clock()
    rows = desk.house.domains.rows(lanes_of(desk, asked.query.lane), asked.query.limit, now)
    return Items(items=[domains.domain(row, now) for row in rows])


def list_messages(desk: Desk, asked: Asked[Which, None]) -> messages.Messages:
    """Messages with an id, of or to an address or domain (`q`); or else the head of each lane, in the lane's order."""
    return _find(desk, asked.query, asked.query.q) if asked.query.q else _heads(desk, asked.query)


def _find(desk: Desk, query: Which, words: str) -> messages.Messages:
    states = [query.state] if query.state else [*State, SETTLED]
    search = Search(desk.house.store, desk.settings)
    hits, complete, looked_at = search.find(words, lanes_of(desk, query.lane), states, query.limit)
    return messages.Messages(items=[messages.message(*hit) for hit in hits], complete=complete, looked_at=looked_at)


def _heads(desk: Desk, query: Which) -> messages.Messages:
    state, views = query.state or State.HELD, desk.house.views
    heads = [views.in_state(state, lane, query.limit) for lane in lanes_of(desk, query.lane)]
    items = [messages.message(id, record, state) for head in heads for id, record in head]
    complete = all(len(head) < query.limit for head in heads)
    return messages.Messages(items=items, complete=complete, looked_at=len(items))


def message(desk: Desk, asked: Asked[Query, None]) -> messages.Message:
    """What is known of a message."""
    id, record = known(desk, asked)
    return messages.message(id, record, desk.house.views.state_of(id))


def explain(desk: Desk, asked: Asked[Query, None]) -> messages.Decision:
    """Why a message is in its lane."""
    _, record = known(desk, asked)
    return messages.decision(record.lane, record.deadline, record.evidence)


def list_alerts(desk: Desk, _asked: Asked[Query, None]) -> Items[alerts.Alert]:
    """What is wrong: the alerts that fire, the gravest first."""
    return Items(items=[alerts.alert(state) for state in desk.house.alerts.firing(desk.clock())])


def list_audit(desk: Desk, asked: Asked[Some, None]) -> Items[Audited]:
    """The last orders of operators, the newest first."""
    noted = Orders(desk.house.store, desk.settings).audit(asked.query.limit)
    return Items(items=list(audited(noted)))


def known(desk: Desk, asked: Asked[Any, Any]) -> tuple[str, Record]:
    """The message that the path names, and its record."""
    id = asked.path["id"]
    record = desk.house.store.records([id]).get(id)
    if record is None:
        raise ProblemError(404, "Not known: settled long ago, never seen, or another MTA's.")
    return id, record


def lanes_of(desk: Desk, lane: str | UnsetType) -> Sequence[str]:
    """The lane that is asked for, or all."""
    names = desk.settings.by_rank()
    if lane and lane not in names:
        raise ProblemError(422, f"lane: no such lane (known: {', '.join(names)})")
    return [lane] if lane else names
