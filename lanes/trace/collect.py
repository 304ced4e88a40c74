"""What a mail log tells of each message that came in: pure.

The events are those that the tracker reads (:mod:`lanes.mta.port`); besides, of a Postfix log, who sent the message
and how large it was (``from=<...>, size=...``), and its lane where ``milter_header_checks`` has our header logged
(``milter-header-...: header X-Lane: bulk``).

Contract: a message is known by its queue id; one that lives on under another id is still the same. Nothing in a log
is believed: what is no value that a trace may have is left out. All messages are kept until they are asked for, some
hundred bytes each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lanes.message import LANE_HEADER, Record, Tries, domain_of, printable
from lanes.mta.port import Active, Attempt, Event, Expired, Grammar, Outcome, Requeued
from lanes.simulate.trace import Row

_FROM = re.compile(r"\]: (\w+): from=<(.*)>, size=(\d{1,15}), nrcpt=\d+ \(queue active\)$", re.ASCII)
_LANE = re.compile(rf"\]: (\w+): milter-header-[a-z]+: header {LANE_HEADER}: ([\w-]{{1,64}})(?: |;|$)", re.ASCII)
#: What a deadline may differ from its lane's own, in seconds, and still be that.
_SAME = 1.0
_DSN = re.compile(r"[245]\.\d{1,3}\.\d{1,3}", re.ASCII)
#: Characters of addresses and domains in a trace.
_ADDRESS, _DOMAIN = 320, 255
#: Times that a message may have been put off.
_DEFERRALS = 10_000


@dataclass
class _Message:
    accepted: float | None = None
    sender: str = ""
    size: int = 0
    lane: str = ""
    recipients: int = 0
    to: set[str] = field(default_factory=set)
    sent: bool = False
    seconds: float = 0.0
    failed: bool = False
    deferrals: dict[float, float] = field(default_factory=dict)
    dsn: str = ""
    id: str = ""
    """The first one: by which Redis knows it, if by any."""


class Collector:
    """Takes in a log, line by line; ``grammar`` reads its events."""

    def __init__(self, grammar: Grammar) -> None:
        self._grammar = grammar
        self._messages: dict[str, _Message] = {}
        self.untold = 0
        """Messages of which too little was told: nobody knows where they went, or when they came."""

    def take(self, line: str, now: float) -> None:
        """One line; ``now`` completes time stamps without a year."""
        if found := _FROM.search(line):
            message = self._message(found[1])
            message.sender, message.size = printable(found[2], _ADDRESS), int(found[3])
        elif found := _LANE.search(line):
            self._message(found[1]).lane = found[2]
        if (event := self._grammar(line, now)) is not None:
            self._event(event)

    @property
    def ids(self) -> list[str]:
        """The messages' ids, as they came in."""
        return [message.id for message in self._messages.values()]

    def rows(self, known: Mapping[str, Record], slas: Mapping[str, float]) -> Iterator[Row]:
        """The messages, by acceptance. ``known`` is what Redis knows of them, ``slas`` what each lane promises."""
        found = (self._row(message, known.get(message.id), slas) for message in self._messages.values())
        rows = sorted((row for row in found if row is not None), key=lambda row: row.instant)
        self.untold = len(self._messages) - len(rows)
        return iter(rows)

    def _message(self, id: str) -> _Message:
        return self._messages.setdefault(id, _Message(id=id))

    def _event(self, event: Event) -> None:
        if isinstance(event, Requeued):
            self._moved(event)
            return
        message = self._message(event.id)
        if isinstance(event, Attempt):
            _attempt(message, event)
        elif isinstance(event, Active):
            message.recipients = max(message.recipients, event.recipients)
            if message.accepted is None:
                message.accepted = event.at
        elif isinstance(event, Expired):
            message.failed = True

    def _moved(self, event: Requeued) -> None:
        """It goes on under another id; a delivery that was told of the old one was the hand-off."""
        if (message := self._messages.pop(event.id, None)) is not None:
            message.sent = False
            self._messages[event.new_id] = message

    def _row(self, message: _Message, record: Record | None, slas: Mapping[str, float]) -> Row | None:
        at = record.accepted if record else message.accepted
        domain = record.domain if record else domain_of(tuple(sorted(message.to))) if message.to else ""
        if at is None or not domain or len(domain) > _DOMAIN or not domain.isprintable() or " " in domain:
            return None
        lane = record.lane if record else message.lane
        own = record.deadline - record.accepted if record else 0.0
        promised = own if 0 < own < slas.get(lane, 0.0) - _SAME else None
        return Row(
            round(at, 3), domain, lane, (record.sender if record else "") or message.sender,
            max(record.recipients if record else 0, message.recipients, len(message.to), 1), message.size,
            promised and round(promised, 3), round(message.seconds, 3) if message.sent else None,
            min(Tries().after(message.deferrals).count, _DEFERRALS), message.dsn or None,
            "bounced" if message.failed else "sent",
        )  # fmt: skip


def _attempt(message: _Message, attempt: Attempt) -> None:
    message.to.add(attempt.recipient)
    arrived = attempt.at - attempt.delay
    message.accepted = arrived if message.accepted is None else min(message.accepted, arrived)
    if attempt.outcome is Outcome.SENT:
        message.sent, message.seconds = True, max(message.seconds, sum(attempt.stages[2:]))
    elif attempt.outcome is Outcome.BOUNCED:
        message.failed = True
    else:
        message.deferrals[attempt.at] = attempt.at - sum(attempt.stages[1:])
        message.dsn = attempt.dsn if _DSN.fullmatch(attempt.dsn) else ""
