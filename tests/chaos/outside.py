"""The outside world of a chaos run: which domains defer and refuse, and what arrived where.

Contract: an arrival is one recipient of one message. A bounce counts as an arrival at the message's sender.
"""

from __future__ import annotations

import random
from collections import defaultdict
from typing import NamedTuple

from contrib.sandbox.sink import Received, Sink

#: Domains that put mail off for some rounds, the one that takes none, and what they say.
LATER = ("later0.example", "later1.example", "later2.example")
REFUSED = "refused.example"
_LATER_REPLY, _STUCK_REPLY = "451 4.7.1 Later", "451 4.3.0 Not now"


class Arrival(NamedTuple):
    """One recipient's copy."""

    at: float
    id: str
    """The queue id it had."""


class Outside:
    """What a :class:`~contrib.sandbox.sink.Sink` answers, round by round, and what came."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._read = 0
        self.arrivals: defaultdict[tuple[int, str], list[Arrival]] = defaultdict(list)
        """(number, recipient) -> its copies, as far as :meth:`look` has seen them."""
        sink.answer(REFUSED, "550 5.1.1 Nobody here")

    def change(self, dice: random.Random, stuck: str) -> None:
        """For this round, some domains put mail off, and ``stuck`` does for good."""
        self._sink.answer(stuck, _STUCK_REPLY)
        for domain in LATER:
            self._sink.answer(domain, dice.choice((_LATER_REPLY, "", "")))

    def accept(self) -> None:
        """Nothing that will ever be taken is put off any more."""
        for domain in LATER:
            self._sink.answer(domain, "")

    def look(self) -> None:
        """Take note of what came since the last look."""
        messages = self._sink.messages
        for message in messages[self._read :]:
            for recipient in message.recipients:
                self.arrivals[_number(message, recipient), recipient].append(Arrival(message.at, message.queue_id))
        self._read = len(messages)


def _number(message: Received, recipient: str) -> int:
    """A bounce has no number of its own: its recipient says which message it is about."""
    own = message.header("X-Chaos")
    return int(own or recipient.partition("@")[0].removeprefix("m"))
