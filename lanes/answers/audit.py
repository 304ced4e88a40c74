"""What operators ordered, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

import msgspec

from lanes.answers import Answer, Instant
from lanes.message import printable
from lanes.timestamps import rfc3339

#: Ids of an order that are shown.
_IDS = 100


class Order(Answer, frozen=True, kw_only=True):
    """An order that was given to the worker."""

    order: str
    """Its id."""
    action: str
    status: Literal["done", "ordered", "failed"]
    """ordered: no worker has answered yet; failed: the worker's log says why."""
    messages: int | None
    """About how many messages it was; null while that is not known."""


class Audited(Answer, frozen=True, kw_only=True):
    """An order that was carried out."""

    at: Instant
    who: str
    what: str
    why: str
    messages: int
    ids: list[str]
    """Of the messages that were named; empty if they were chosen otherwise."""
    lane: str
    domain: str
    sender: str


class _Noted(msgspec.Struct):
    """An order as the worker notes it."""

    at: float
    who: str
    what: str
    why: str
    messages: int
    ids: list[str] = []
    lane: str = ""
    domain: str = ""
    sender: str = ""


def audited(orders: Iterable[Mapping[str, object]]) -> Iterator[Audited]:
    """Orders as the audit keeps them; what cannot be read is left out."""
    for order in orders:
        try:
            noted = msgspec.convert(order, _Noted)
            at = rfc3339(noted.at)
        except (msgspec.ValidationError, ValueError, OverflowError):
            continue
        yield Audited(
            at=at, who=printable(noted.who), what=printable(noted.what), why=printable(noted.why),
            messages=noted.messages, ids=[printable(id) for id in noted.ids[:_IDS]], lane=printable(noted.lane),
            domain=printable(noted.domain, 255), sender=printable(noted.sender),
        )  # fmt: skip
