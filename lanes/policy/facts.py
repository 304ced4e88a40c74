"""What is known about one message while it is classified: its signals, each worked out at most once.

A *signal* is a named fact (``list-unsubscribe``, ``mt-priority``, ``size``). It is either not there,
or :class:`Seen`: a value that conditions test, and what to show of it. A signal that meets something
malformed is not there, and leaves a remark that becomes evidence.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, NamedTuple, TypeVar

from lanes.message import Evidence, Message, printable
from lanes.policy.site import Site
from lanes.policy.text import clean

T = TypeVar("T")
Value = bool | str | float | tuple[str, ...]
#: Longer names are not names that anybody asks about; shortening bounds the cost of one.
_NAME_CHARS = 80


class Seen(NamedTuple):
    """A signal that is there."""

    value: Value
    said: str
    """What the message said, as it said it: for evidence."""


class Kind(Enum):
    """What a signal's value is, and so which conditions it can be put under."""

    FLAG = "true or false"
    TEXT = "text"
    ADDRESS = "addresses"
    NETWORK = "a network"
    NUMBER = "a number"
    SIZE = "a size"
    PHRASE = "kinds of phrases"
    LANE = "a lane"
    PREFERENCE = "a preference"
    INSTANT = "an instant"
    RELAY = "a relay"


class Signal(NamedTuple):
    """A named fact and how it is found out."""

    name: str
    kind: Kind
    read: Callable[[Facts], Seen | None]


class Facts:
    """The signals of one message at one instant."""

    __slots__ = ("_headers", "_judge", "_known", "_shared", "message", "now", "remarks", "reputation", "site")

    def __init__(
        self, message: Message, now: float, site: Site, reputation: float | None, judge: Callable[[Facts], Seen | None]
    ) -> None:
        self.message = message
        self.now = now
        self.site = site
        self.reputation = reputation
        self.remarks: list[Evidence] = []
        self._judge = judge
        self._known: dict[str, Seen | None] = {}
        self._shared: dict[str, Any] = {}
        self._headers: dict[str, list[str]] = {}
        for name, value in message.headers[: site.limits.headers]:
            self._headers.setdefault(name[:_NAME_CHARS].lower(), []).append(value)

    def get(self, signal: Signal) -> Seen | None:
        """The signal; None if it is not there."""
        name = signal.name
        if name not in self._known:
            self._known[name] = signal.read(self)
        return self._known[name]

    def once(self, name: str, find: Callable[[], T]) -> T:
        """What ``find`` finds, kept for the signals that share it."""
        if name not in self._shared:
            self._shared[name] = find()
        found: T = self._shared[name]
        return found

    def judge(self) -> Seen | None:
        """Whether the sender is trusted, by the rules that say so."""
        return self._judge(self)

    def header(self, name: str) -> str | None:
        """The first header of this (lower-case) name, unfolded; the topmost was added last."""
        values = self._headers.get(name)
        return clean(values[0][: self.site.limits.chars]) if values else None

    def headers(self, name: str) -> list[str]:
        """Every header of this (lower-case) name, unfolded, in message order."""
        return [clean(value[: self.site.limits.chars]) for value in self._headers.get(name, ())]

    def remark(self, name: str, saw: str, says: str) -> None:
        """Note something that no rule will speak about: a request that cannot be read."""
        limit = self.site.limits.evidence_chars
        self.remarks.append(Evidence(name, printable(saw, limit), printable(says, 2 * limit)))
