"""Every route of the API. Rules for this file: what is not here is not served, nor is it in the OpenAPI document."""

from __future__ import annotations

from lanes.answers import Items, alerts, domains, lanes, messages, sla
from lanes.answers.audit import Audited, Order
from lanes.answers.overview import Overview
from lanes.web import health, look, past
from lanes.web.act import OnDomain, OnLane, OnMessage, Why
from lanes.web.route import JSON, Route

API = "/api/v1"
LIVE = f"{API}/live"

_WHY = {JSON: Why}


def _look(path: str, answers: object, gives: object, **more: object) -> Route:
    return Route("GET", f"{API}{path}", answers, gives, "read", **more)  # type: ignore[arg-type]


def _act(path: str, answers: object, *problems: int) -> Route:
    return Route("POST", f"{API}{path}", answers, Order, "operate", bodies=_WHY, problems=(404, *problems))  # type: ignore[arg-type]


ROUTES: tuple[Route, ...] = (
    _look("/whoami", look.whoami, look.Who),
    _look("/queue/status", look.queue_status, dict[str, lanes.Queue]),
    _look("/overview", look.overview, Overview),
    _look("/live", look.live, str, media="text/event-stream"),
    _look("/lanes", look.status, lanes.Status),
    *(_act(f"/lanes/{{lane}}/{do}", OnLane(do)) for do in ("pause", "resume")),
    _look("/domains", look.list_domains, Items[domains.Domain], query=look.OfLane),
    *(_act(f"/domains/{{domain}}/{do}", OnDomain(do)) for do in ("pause", "resume")),
    _look("/messages", look.list_messages, Items[messages.Message], query=look.Head),
    _look("/messages/{id}", look.message, messages.Message, problems=(404,)),
    _look("/messages/{id}/explain", look.explain, messages.Decision, problems=(404,)),
    *(_act(f"/messages/{{id}}/{do}", OnMessage(do), 409) for do in ("release", "promote", "demote", "hold")),
    _look("/sla", past.sla, Items[sla.Sla], query=past.Past),
    _look("/sla/history", past.history, Items[sla.Point], query=past.Course),
    _look("/alerts", look.list_alerts, Items[alerts.Alert]),
    _look("/audit", look.list_audit, Items[Audited], query=look.Some),
    Route("GET", "/metrics", health.metrics, str, "read", media="text/plain"),
    Route("GET", "/healthz", health.alive, health.Health, None),
    Route("GET", "/readyz", health.ready, health.Health, None),
)  # fmt: skip
