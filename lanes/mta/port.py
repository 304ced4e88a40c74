"""What mta-lanes asks of a mail server, and what it hears from it.

Two halves: the *control* of the hold queue (run by the worker, with the MTA's privilege), and the
*events* that the MTA's log tells (read by the tracker). Instants are Unix time in seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import NamedTuple, Protocol


class MtaError(Exception):
    """The MTA's command failed: which one, with what exit code, and what it said."""


class Queue(StrEnum):
    """Where in the spool a message is."""

    INCOMING = "incoming"
    ACTIVE = "active"
    DEFERRED = "deferred"
    HOLD = "hold"


class Entry(NamedTuple):
    """A message as the spool lists it."""

    id: str
    queue: Queue
    arrived: float
    sender: str
    recipients: tuple[str, ...]


class Hold(StrEnum):
    """Whose hold a message is on."""

    OURS = "ours"
    """Our filter's, and nobody has released or held the message since."""
    KEPT = "kept"
    """An operator's, by way of :meth:`Control.hold`."""
    OTHER = "other"
    """An administrator's or another filter's: never ours to release."""


class Marks(NamedTuple):
    """A message as its own file in the spool tells it. What our filter never said is empty."""

    queue: Queue
    hold: Hold | None
    """None unless it is on hold."""
    arrived: float
    sender: str
    recipients: tuple[str, ...]
    """Those that are still to be served."""
    subject: str
    """As it stands in the message, folded and encoded."""
    lane: str
    deadline: str
    relay: str
    alert: str = ""
    """Whose filter knew it for an alert of ours; empty: it is none."""


class Control(Protocol):
    """The MTA's queue, worked by hand. Every method raises :class:`MtaError`."""

    def valid(self, id: str) -> bool:
        """Whether ``id`` is a queue id of this MTA; anything else never reaches a command."""

    def release(self, ids: Iterable[str]) -> set[str]:
        """Let go at once what is on our hold; the ids that were and now are not. Whatever asks, others' holds stay."""

    def hold(self, ids: Iterable[str]) -> set[str]:
        """Put messages on hold, and keep there those that are; the ids that were not and now are."""

    def requeue(self, ids: Iterable[str]) -> set[str]:
        """Have messages, held by us or not, start anew by the default road; those that do. Some MTAs give new ids."""

    def retry(self, ids: Iterable[str]) -> None:
        """Have deferred messages tried again now, whatever the MTA's own backoff says."""

    def find(self, ids: Iterable[str]) -> dict[str, Queue]:
        """Where each of ``ids`` is in the spool; an id that is not there is left out."""

    def where(self) -> dict[str, Queue]:
        """Where every message is, by the spool's folders. Not a snapshot: one that moves on may be missed."""

    def marks(self, ids: Iterable[str]) -> Iterator[tuple[str, Marks]]:
        """What each of ``ids`` says of itself; one that is not in the spool, or unreadable, is left out."""

    def list(self) -> Iterator[Entry]:
        """Everything in the spool. Not a snapshot: an entry may be missed or told twice."""


class Active(NamedTuple):
    """The queue manager took the message up for delivery (again)."""

    id: str
    at: float
    recipients: int


class Outcome(StrEnum):
    """What became of one delivery attempt to one recipient."""

    SENT = "sent"
    DEFERRED = "deferred"
    BOUNCED = "bounced"


class Attempt(NamedTuple):
    """One delivery attempt to one recipient; or to several that shared its outcome, of whom the first is named."""

    id: str
    at: float
    recipient: str
    outcome: Outcome
    transport: str
    """By what the attempt was made: a service of master.cf (``smtp``, ``economy``), a mailer (``esmtp``)."""
    relay: str
    """Host and address, as the MTA writes them; ``none`` if none was reached."""
    delay: float
    """Seconds from the message's arrival to this attempt's end; time on hold included."""
    stages: tuple[float, float, float, float]
    """Seconds before the queue manager (and on hold), in it, connecting, transmitting."""
    dsn: str
    text: str


class Released(NamedTuple):
    """Somebody took the message off hold."""

    id: str
    at: float


class Withheld(NamedTuple):
    """Somebody put the message on hold by hand."""

    id: str
    at: float


class Expired(NamedTuple):
    """The MTA gave up and returned the message to its sender; its removal follows."""

    id: str
    at: float


class Removed(NamedTuple):
    """The message left the spool: every recipient is done with, or ``by_hand`` it was deleted."""

    id: str
    at: float
    by_hand: bool


class Requeued(NamedTuple):
    """The message lives on under a new id."""

    id: str
    at: float
    new_id: str
    anew: bool = False
    """Whether the MTA counts its delays from now on, as after a content filter; else still from its arrival."""


Event = Active | Attempt | Released | Withheld | Expired | Removed | Requeued


class Grammar(Protocol):
    """Reads one line of an MTA's log."""

    unparsed: int
    """How many lines so far were no line of a log, or told of a delivery in words that are not known."""

    def __call__(self, line: str, now: float) -> Event | None:
        """The event of a line, or None. Never raises, whatever the line holds.

        ``now`` completes time stamps that carry no year and time zone.
        """


class Stretch(NamedTuple):
    """Some lines of a log, in order, without their line ends."""

    lines: list[str]
    place: Mapping[str, str]
    """Where to come back to for what follows; empty while there is no such place."""
    complete: bool
    """Whether these are all that the log had when it was asked for them."""


class Log(Protocol):
    """An MTA's log, read on from a place: every line is given once, and a place outlives the reader.

    Every method raises :class:`OSError` if the log cannot be read.
    """

    def read(self, limit: int) -> Stretch:
        """The next lines, at most ``limit``, without waiting for any."""

    def close(self) -> None:
        """Let go of it."""
