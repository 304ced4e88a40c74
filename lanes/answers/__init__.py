"""What programs are told: one type for each thing that is shown, as ``lanes ... --json`` prints it and the API answers.

The types are the documentation: the API's OpenAPI document is made from them. Each has a function ``of`` or so
beside it that makes it from what the other rooms know.

Contract: durations are seconds (``..._seconds``) unless the name says ``_ms``, instants are RFC 3339 in UTC,
shares are 0 to 1, what is not known is null. Fields are added, never renamed. Text that came from the network is
printable. Failure: none of its own.
"""

from __future__ import annotations

from typing import Annotated, Any, Generic, TypeVar

import msgspec

from lanes.timestamps import rfc3339

#: RFC 3339, as :func:`lanes.timestamps.rfc3339` writes it.
Instant = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What all answers are."""


T = TypeVar("T")


class Items(Answer, Generic[T], frozen=True, kw_only=True):
    """A list of answers."""

    items: list[T]


def to_json(answer: Any) -> str:
    """One or many answers as JSON text."""
    return msgspec.json.encode(answer).decode()


def instant(at: float | None) -> Instant | None:
    """An instant that may be none."""
    return None if at is None else rfc3339(at)


def rounded(value: float | None, digits: int = 6) -> float | None:
    """A number that may be none, without digits that mean nothing."""
    return None if value is None else round(value, digits)
