"""Every route of the API, but for the OpenAPI document itself and the dashboard's files.

Rule for this file: what is not here is neither served nor documented.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lanes.answers import Items, alerts, domains, lanes, messages, sla
from lanes.answers.audit import Audited, Order
from lanes.answers.classified import Classified
from lanes.answers.overview import Overview
from lanes.web import health, look, past
from lanes.web.act import OnDomain, OnLane, OnMessage, Why
from lanes.web.classify import Described, classify
from lanes.web.route import JSON, Query, Route

API = "/api/v1"
LIVE = f"{API}/live"

_MESSAGE = {JSON: Described, "message/rfc822": bytes}


def _look(path: str, answers: Callable[..., Any], gives: Any, query: type[Query] = Query, *problems: int) -> Route:
    return Route("GET", f"{API}{path}", answers, gives, "read", query, problems=(*problems, 503))


def _act(path: str, answers: Callable[..., Any], says: str, *problems: int) -> Route:
    return Route("POST", f"{API}{path}", answers, Order, "operate", bodies={JSON: Why}, statuses=(200, 202),
                 problems=(404, *problems, 503), says=says)  # fmt: skip


ROUTES: tuple[Route, ...] = (
    _look("/queue/status", look.queue_status, dict[str, lanes.Queue]),
    Route("POST", f"{API}/queue/classify", classify, Classified, "read", bodies=_MESSAGE, body_required=True,
          problems=()),
    _look("/whoami", look.whoami, look.Who),
    _look("/overview", look.overview, Overview),
    Route("GET", LIVE, look.live, str, "read", media="text/event-stream"),
    _look("/lanes", look.status, lanes.Status),
    _act("/lanes/{lane}/pause", OnLane("pause"), "Hold all new mail of a lane, and let none of it go."),
    _act("/lanes/{lane}/resume", OnLane("resume"), "Let a paused lane go again."),
    _look("/domains", look.list_domains, Items[domains.Domain], look.OfLane),
    _act("/domains/{domain}/pause", OnDomain("pause"), "Hold all new mail for a domain, and let none of it go."),
    _act("/domains/{domain}/resume", OnDomain("resume"), "Let a paused domain's mail go again."),
    _look("/messages", look.list_messages, messages.Messages, look.Which),
    _look("/messages/{id}", look.message, messages.Message, Query, 404),
    _look("/messages/{id}/explain", look.explain, messages.Decision, Query, 404),
    _act("/messages/{id}/release", OnMessage("release"), "Release a message that we hold, now.", 409),
    _act("/messages/{id}/hold", OnMessage("hold"), "Put a message on hold until it is released, whatever its "
         "deadline.", 409),
    _act("/messages/{id}/promote", OnMessage("promote"), "Move a message one lane up. If it is held for a relay, it "
         "takes the MTA's own road instead, under a new id.", 409),
    _act("/messages/{id}/demote", OnMessage("demote"), "Move a message one lane down.", 409),
    _look("/sla", past.sla, Items[sla.Sla], past.Past),
    _look("/sla/history", past.history, Items[sla.Point], past.Course),
    _look("/alerts", look.list_alerts, Items[alerts.Alert]),
    _look("/audit", look.list_audit, Items[Audited], look.Some),
    Route("GET", "/metrics", health.metrics, str, "read", media="text/plain", problems=()),
    Route("GET", "/healthz", health.alive, health.Health, None, problems=()),
    Route("GET", "/readyz", health.ready, health.Health, None),
)  # fmt: skip
