"""One SMTP session as libmilter tells it: collect envelope and headers, decide at end-of-message.

Debian's libmilter serves a session's callbacks from a pool of threads, so all state is on the
session's own object and none is thread-local. A session may carry many messages. Of the millions of
headers that may be in one, only those that are looked at are kept (``policy.limits.headers``); our
own names are counted to the last.

Contract: every callback is wrapped by :func:`guarded`: an exception of ours lets the message pass.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable
from typing import Any, ClassVar

import Milter
import structlog

from lane_milter import metrics
from lane_milter.draining import UnderWay
from lane_milter.gate import Gate, Outcome
from lane_milter.negotiation import Agreed, agree
from lanes.message import (
    ALERT_HEADER,
    DEADLINE_HEADER,
    HOLD_HEADER,
    LANE_HEADER,
    ROUTE_HEADER,
    UNKNOWN_CLIENT,
    Message,
)  # fmt: skip
from lanes.mta.reasons import held
from lanes.timestamps import rfc3339

log = structlog.get_logger("lanes.filter")

#: Headers that we set, and of which a sender's own copies are removed.
OURS = (LANE_HEADER, DEADLINE_HEADER, ROUTE_HEADER, HOLD_HEADER, ALERT_HEADER)
_OURS = frozenset(name.lower() for name in OURS)
#: Copies of each that are removed, the topmost. Postfix looks for each from the top of the message, so
#: that a message made of nothing else would cost it hours.
_REMOVED = 100

#: Where a header is inserted (smfi_insheader).
_TOP = 0

_FULL = ("451", "4.3.2", "Lane is full, try again later")

Callback = Callable[..., Any]


def guarded(callback: Callback) -> Callback:
    """Let the message pass when a callback of ours raises, and count it."""

    @functools.wraps(callback)
    def call(session: Session, *args: Any) -> Any:
        try:
            return callback(session, *args)
        except Exception as error:
            metrics.FAIL_OPEN.labels(session.gate.mta, "exception").inc()
            log.exception("a callback failed; the message passes", callback=callback.__name__, error=repr(error))
            return Milter.CONTINUE

    return call


class Session(Milter.Base):
    """The callbacks of one connection; ``gate`` is set once, by :mod:`lane_milter.serve`."""

    gate: ClassVar[Gate]
    under_way: ClassVar[UnderWay] = UnderWay()
    agreed: ClassVar[Agreed | None] = None

    _sender = ""
    _parameters: tuple[str, ...] = ()

    def __init__(self) -> None:
        self._recipients: list[str] = []
        self._headers: list[tuple[str, bytes]] = []
        self._forged: Counter[str] = Counter()

    def _begin(self, sender: str, parameters: tuple[str, ...]) -> None:
        self.under_way.begin(self)
        self._sender = sender
        self._parameters = parameters
        self._recipients = []
        self._headers = []
        self._forged = Counter()

    def negotiate(self, opts: list[int]) -> int:
        """Agree on steps and macros; logged when it differs from what was agreed before."""
        agreed = agree(self._ctx, opts, self.protocol_mask())
        self._actions, self._protocol = agreed
        if agreed != Session.agreed:
            Session.agreed = agreed
            log.info("negotiated", actions=hex(agreed.actions), protocol=hex(agreed.protocol))
        return int(Milter.CONTINUE)

    @Milter.noreply
    @guarded
    def envfrom(self, sender: str, *parameters: str) -> int:
        """MAIL FROM: a new message begins."""
        self._begin(_address(sender), parameters)
        return int(Milter.CONTINUE)

    @Milter.noreply
    @guarded
    def envrcpt(self, recipient: str, *_: str) -> int:
        """RCPT TO."""
        self._recipients.append(_address(recipient))
        return int(Milter.CONTINUE)

    @Milter.noreply
    @guarded
    def header(self, name: str, value: bytes) -> int:
        """One header, as it stands in the message; told most often, so what can wait waits for the end."""
        lowered = name.lower()
        if lowered in _OURS:
            self._forged[lowered] += 1
        if len(self._headers) < self.gate.headers:
            self._headers.append((name, value))
        return int(Milter.CONTINUE)

    def eom(self) -> int:
        """End of message: decide, and carry it out."""
        code = self._decide()
        self.under_way.end(self)
        return int(code)

    def abort(self) -> int:
        """The message will not come."""
        self.under_way.end(self)
        return int(Milter.CONTINUE)

    def close(self) -> int:
        """The session ends."""
        self.under_way.end(self)
        return int(Milter.CONTINUE)

    @guarded
    def _decide(self) -> int:
        message = Message(
            sender=self._sender,
            recipients=tuple(self._recipients),
            headers=tuple((name, value.decode("utf-8", "surrogateescape")) for name, value in self._headers),
            client=self._macro("{client_addr}") or UNKNOWN_CLIENT,
            user=self._macro("{auth_authen}"),
            size=_number(_parameter(self._parameters, "SIZE")),
            by=_parameter(self._parameters, "BY"),
        )
        outcome = self.gate.decide(self._macro("i"), message)
        if outcome.action == "defer":
            self.setreply(*_FULL)
            return int(Milter.TEMPFAIL)
        holds = outcome.action == "hold" and not self._is_held()
        if outcome.action != "watch":
            self._tag(outcome, holds=holds)
        if holds:
            self.quarantine(held(self.gate.mta, outcome.lane))
        return int(Milter.CONTINUE)

    def _is_held(self) -> bool:
        """Whether another filter, or the MTA itself, holds the message already, as far as the MTA tells: Sendmail does.

        Our reason would take the place of theirs, and the hold would be ours to release.
        """
        return bool(self._macro("{quarantine}"))

    def _macro(self, name: str) -> str:
        """What the MTA says of it; empty if nothing. A login may have bytes that are not UTF-8 (here PEP 383)."""
        try:
            return self.getsymval(name) or ""
        except UnicodeDecodeError as error:
            return error.object.decode("utf-8", "surrogateescape")

    def _tag(self, outcome: Outcome, *, holds: bool) -> None:
        """Replace whatever the sender wrote under our names, the last copy first: indices shift.

        Ours go to the top, where nothing stands that came with the message: so what is in the spool tells who
        wrote them.
        """
        tags = [(LANE_HEADER, outcome.lane), (DEADLINE_HEADER, rfc3339(outcome.deadline))]
        if outcome.relay:
            tags.append((ROUTE_HEADER, outcome.relay))
        if holds:
            tags.append((HOLD_HEADER, self.gate.mta))
        if outcome.alert:
            tags.append((ALERT_HEADER, self.gate.mta))
        for name in OURS:
            for index in range(min(self._forged[name.lower()], _REMOVED), 0, -1):
                self.chgheader(name, index, "")
        for name, value in reversed(tags):
            self.addheader(name, value, _TOP)


def _address(path: str) -> str:
    """An envelope path without its angle brackets (RFC 5321, 4.1.2)."""
    return path.strip().removeprefix("<").removesuffix(">")


def _parameter(parameters: tuple[str, ...], keyword: str) -> str:
    """The value of an ESMTP parameter of MAIL (RFC 5321, 4.1.2); empty without one."""
    return next((value for name, _, value in (p.partition("=") for p in parameters) if name.upper() == keyword), "")


def _number(digits: str) -> int:
    """The value of SIZE (RFC 1870, 4): up to 20 digits; 0 for anything else."""
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 20 else 0
