"""Answers of the API that give orders: as ``lanes release`` and so on do, by way of the worker.

Contract: an order is given once, and waited for :data:`PATIENCE` at most, by no more than half of the threads, so
that without a worker others are still answered; it is in the audit with the token's name, or the address.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from lanes.answers.audit import Order
from lanes.jobs.orders import ACTIONS
from lanes.jobs.outcome import outcome
from lanes.jobs.queues import enqueue_order, mta_queue
from lanes.store.orders import Selection
from lanes.web.look import known
from lanes.web.problems import ProblemError
from lanes.web.route import Asked, Body, Desk, Query, Reply

#: Seconds to wait for the worker's word.
PATIENCE = 10.0


class Why(Body, frozen=True, kw_only=True):
    """Why something is done; kept with the order, and with each message."""

    why: Annotated[str, Meta(max_length=200)] = ""


class OnMessage:
    """Answers an order about one message."""

    def __init__(self, action: str) -> None:
        self._action = action

    def __call__(self, desk: Desk, asked: Asked[Query, Why | None]) -> Reply[Order]:
        """Give the order, if there is such a message and it is where the order can do something."""
        id, _ = known(desk, asked)
        state, may_be = desk.house.views.state_of(id), ACTIONS[self._action]
        if state not in may_be:
            raise ProblemError(409, f"The message is {state}; {self._action} is for what is {', '.join(may_be)}.")
        return _order(desk, asked, self._action, Selection(ids=(id,)))


class OnLane:
    """Answers an order about a lane."""

    def __init__(self, action: str) -> None:
        self._action = action

    def __call__(self, desk: Desk, asked: Asked[Query, Why | None]) -> Reply[Order]:
        """Give the order, if there is such a lane."""
        lane, names = asked.path["lane"], desk.settings.by_rank()
        if lane not in names:
            raise ProblemError(404, f"No such lane (known: {', '.join(names)}).")
        return _order(desk, asked, self._action, Selection(lane=lane))


class OnDomain:
    """Answers an order about a domain, in every lane."""

    def __init__(self, action: str) -> None:
        self._action = action

    def __call__(self, desk: Desk, asked: Asked[Query, Why | None]) -> Reply[Order]:
        """Give the order."""
        return _order(desk, asked, self._action, Selection(domain=asked.path["domain"]))


def _order(desk: Desk, asked: Asked[Query, Why | None], action: str, selection: Selection) -> Reply[Order]:
    who = asked.who.name or asked.address
    why = asked.body.why if asked.body else ""
    job = enqueue_order(mta_queue(desk.house.store.client, desk.settings), action, who, why, selection)
    with desk.seat() as seated:
        status, count = outcome(job, PATIENCE if seated else 0.0, sleep=desk.sleep)
    done = Order(order=job.id, action=action, status=status, messages=count if isinstance(count, int) else None)
    return Reply(done, 202 if status == "ordered" else 200)
