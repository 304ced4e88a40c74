"""What a route of the API is: what may be asked, by whom, and what answers it.

A route is all that is known of it in one place, for the application registers it from here and the OpenAPI document
is made from here, so that the two cannot differ. Query parameters, bodies and answers are msgspec types.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Semaphore
from typing import Annotated, Any, Generic, Literal, NamedTuple, TypeVar

import msgspec
from msgspec import Meta

from lanes.config import Settings
from lanes.config.web import Scope
from lanes.house import House
from lanes.message import NO_DOMAIN
from lanes.policy import Classifier
from lanes.web.auth import Who
from lanes.web.glances import Glances
from lanes.web.live import Live
from lanes.web.this_minute import ThisMinute

JSON = "application/json"


class Query(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Query parameters; there are no others."""


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A body in JSON; it has no other fields."""


#: What may stand in a path, by its name there.
PATH: Mapping[str, Any] = {
    "id": Annotated[str, Meta(pattern="^[0-9A-Za-z]{1,64}$", description="The MTA's queue id.")],
    "lane": Annotated[str, Meta(min_length=1, max_length=64, description="The lane's name.")],
    "domain": Annotated[str, Meta(pattern=rf"^([^\x00-\x20\x7f@/]{{1,255}}|{re.escape(NO_DOMAIN)})$",
                                  description="A recipient domain.")],
}

Q = TypeVar("Q", bound=Query)
B = TypeVar("B")
A = TypeVar("A")


class Desk:
    """What those who answer have at hand."""

    def __init__(
        self, house: House, glances: Glances, live: Live, clock: Callable[[], float], sleep: Callable[[float], None]
    ) -> None:
        self.house = house
        self.glances = glances
        self.live = live
        self.clock = clock
        self.sleep = sleep
        self.classifier = Classifier(house.settings)
        self.past = ThisMinute(clock)
        self._seats = Semaphore(max(house.settings.web.threads // 2, 1))

    @property
    def settings(self) -> Settings:
        """The settings in effect."""
        return self.house.settings

    @contextmanager
    def seat(self) -> Iterator[bool]:
        """For who waits for long, such as for a worker: whether there is one. So half of the threads are for others."""
        seated = self._seats.acquire(blocking=False)
        try:
            yield seated
        finally:
            if seated:
                self._seats.release()


class Asked(NamedTuple, Generic[Q, B]):
    """What is asked for, read and checked."""

    who: Who
    address: str
    """Whence."""
    path: Mapping[str, str]
    """The values of ``{...}`` in the route's path."""
    query: Q
    body: B


class Reply(NamedTuple, Generic[A]):
    """An answer with another status than 200."""

    answer: A
    status: int


class Route(NamedTuple):
    """A way to ask."""

    method: Literal["GET", "POST"]
    path: str
    answers: Callable[[Desk, Asked[Any, Any]], Any]
    """What answers it: with ``gives``, a :class:`Reply` that holds one, or, if ``media`` is not JSON, a response."""
    gives: Any
    """The answer's type."""
    scope: Scope | None
    """What who asks must be allowed to; None: anybody may ask."""
    query: type[Query] = Query
    bodies: Mapping[str, Any] = {}
    """Media type -> type of the body; without any, there is none. A body of ``bytes`` is taken as it comes."""
    body_required: bool = False
    media: str = JSON
    """Of the answer."""
    statuses: tuple[int, ...] = (200,)
    problems: tuple[int, ...] = (503,)
    """Statuses of problems of its own; 503 where Redis or the history is needed."""
    says: str = ""
    """What it does, in words; empty: what the docstring of ``answers`` says."""
