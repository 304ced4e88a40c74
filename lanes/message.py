"""What is known of a message: frozen values, shared by every room of the house.

Contract: these types carry facts and compute nothing. Instants are Unix time in
seconds (float), durations are seconds, sizes are bytes. Text that came from the
network is kept as the filter received it (it may hold lone surrogates, see PEP 383);
whoever prints or stores it must go through :func:`printable`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

import msgspec

#: The headers of the research paper, by which senders ask and we answer.
PRIORITY_HEADER = "X-Message-Priority"
DEADLINE_HEADER = "X-SLA-Deadline"
COST_HEADER = "X-Cost-Preference"
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\xa0]")

#: Recipients that a record names, and characters of each.
_RECIPIENTS, _ADDRESS_CHARS = 3, 100

#: The headers that only we may set.
LANE_HEADER = "X-Lane"
ROUTE_HEADER = "X-Lane-Route"
#: Its value is the name of the MTA (``mta.name``) whose filter put the message on hold.
HOLD_HEADER = "X-Lane-Hold"
#: Mail of ours about an alert; its value is the name of the MTA whose alert it is, then whose filter let it pass.
ALERT_HEADER = "X-Lane-Alert"

#: The client of mail of which it is not known who handed it in (RFC 1122, 3.2.1.3): nobody's address.
UNKNOWN_CLIENT = "0.0.0.0"  # noqa: S104 - nothing is bound to it

#: Under this name mail is batched that has no domain: ``RCPT TO:<postmaster>`` (RFC 5321, 4.5.1).
NO_DOMAIN = "(no domain)"

#: Ways to spend money on a message: the values of ``X-Cost-Preference``.
PREFERENCES = ("speed", "balanced", "economy")


class Message(msgspec.Struct, frozen=True, gc=False):
    """A message as the MTA accepted it: envelope, headers, and who handed it in."""

    sender: str
    """Envelope sender without angle brackets; empty for bounces (RFC 5321, 4.5.5)."""
    recipients: tuple[str, ...]
    headers: tuple[tuple[str, str], ...]
    """(name, value) in message order, names as written, values still folded and encoded."""
    client: str = ""
    """IP address of the SMTP client; empty for mail submitted on the MTA's own host."""
    user: str = ""
    """SASL login name, which the MTA verified; empty if the client did not log in."""
    size: int = 0
    """Bytes, as declared by SIZE= (RFC 1870); 0 if not declared."""
    by: str = ""
    """The value of BY= (RFC 2852), as the client wrote it; empty if not given."""


class Evidence(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One rule that spoke about a message, and what it saw."""

    rule: str
    """The rule's or signal's name, as in the policy's rules."""
    saw: str
    """What it looked at, shortened and printable."""
    says: str
    """What follows from it, in words: ``lane priority``, ``ignored: sender not trusted``."""


class Decision(msgspec.Struct, frozen=True, gc=False):
    """Which lane, by when, at what price, and why."""

    lane: str
    deadline: float
    """Unix time in seconds by which the message should be delivered."""
    preference: str
    """One of :data:`PREFERENCES`."""
    evidence: tuple[Evidence, ...] = ()
    relay: str = ""
    """The relay that the rules ask for; empty: any that serves the preference."""


class Record(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What is stored of a message, packed by position: append fields, never reorder."""

    lane: str
    accepted: float
    """Unix time in seconds of the end of DATA."""
    deadline: float
    domain: str
    """The recipient domain under which it is batched, lower case."""
    recipients: int
    relay: str
    """Name of the relay that it was given; empty for the MTA's own routing."""
    sender: str
    subject: str
    """Decoded, printable and shortened: for people, never for decisions."""
    evidence: tuple[Evidence, ...] = ()
    to: tuple[str, ...] = ()
    """The first recipients, as :func:`first_of` has them: to find the message by, never for decisions."""


class Tries(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Rounds of delivery attempts that left somebody undelivered."""

    count: int = 0
    ended: float = 0.0
    """When the last of them ended, in Unix time."""

    def after(self, deferrals: Mapping[float, float]) -> Tries:
        """With attempts that ended so, by when they ended and when they began; no more, if they are known already.

        Attempts of one round, to several recipients, began at once and before the first of them ended.
        """
        tries = self
        for ended, began in sorted(deferrals.items()):
            if ended > tries.ended:
                known = tries.count > 0 and began <= tries.ended
                tries = Tries(tries.count + (not known), ended)
        return tries


class Progress(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What was told of a message so far; merging twice changes nothing. Append fields, never reorder."""

    sent: float | None = None
    """Seconds from arrival to the latest successful delivery; None while there was none."""
    bounced: bool = False
    expired: bool = False
    released: float | None = None
    """Unix time in seconds at which it was last let go from hold; None if it never was."""
    withheld: bool = False
    """Whether it was ever put on hold by hand."""
    before: float = 0.0
    """Seconds from its acceptance to its arrival under its present id, if that began its life anew."""
    tries: Tries = Tries()
    transport: str = ""
    """By which the MTA made the latest successful delivery; empty: not told."""

    def merged(self, other: Progress) -> Progress:
        """Both together."""
        return Progress(
            _later(self.sent, other.sent), self.bounced or other.bounced, self.expired or other.expired,
            _later(self.released, other.released), self.withheld or other.withheld, max(self.before, other.before),
            max(self.tries, other.tries, key=lambda tries: tries.ended),
            max(self, other, key=lambda one: (-1.0 if one.sent is None else one.sent, one.transport)).transport,
        )  # fmt: skip


def _later(one: float | None, other: float | None) -> float | None:
    return max((value for value in (one, other) if value is not None), default=None)


def domain_of(recipients: tuple[str, ...]) -> str:
    """The domain that most of the recipients share, lower case; the first one on a tie.

    A message is one queue file and leaves the hold queue as one, so it is batched under
    one domain even when its recipients live in several.
    """
    parts = (address.rpartition("@") for address in recipients)
    domains = Counter(domain.lower().rstrip(".") if at else "" for _, at, domain in parts)
    return max(domains, key=domains.__getitem__, default="") or NO_DOMAIN


def first_of(recipients: tuple[str, ...]) -> tuple[str, ...]:
    """The first few recipients, printable and shortened."""
    return tuple(printable(address, _ADDRESS_CHARS) for address in recipients[:_RECIPIENTS])


def printable(text: str, limit: int = 200) -> str:
    """``text`` on one line, valid UTF-8, control characters replaced, at most ``limit`` long."""
    if len(text) <= limit and text.isprintable() and "  " not in text and text == text.strip():
        return text
    text = text[: limit * 2].encode("utf-8", "replace").decode("utf-8")
    text = " ".join(_CONTROLS.sub(" ", text).split())
    if not text.isprintable():
        text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"
