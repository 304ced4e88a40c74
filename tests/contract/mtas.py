"""The mail servers that the adapters' tests run on, and what an administrator does to them by hand."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol

from contrib.sandbox.mail import Mail, mail, send_all
from contrib.sandbox.mta import PrivateMta
from contrib.sandbox.postfix import PrivatePostfix
from contrib.sandbox.sendmail import PrivateSendmail
from contrib.sandbox.sink import Sink
from contrib.sandbox.wait import wait_until
from lanes.config.load import parse
from lanes.mta import choose
from lanes.mta.port import Control, Queue

#: As long as a test lasts, the queue manager looks at nothing unless it is told to.
_PATIENT = {"minimal_backoff_time": "1h", "maximal_backoff_time": "1h", "queue_run_delay": "1h"}
#: Takes any byte in an address, as every Postfix did before SMTPUTF8.
_TOLERANT = {"smtputf8_enable": "no"}
#: Mail for bulk@ is held as our filter would, who says so on top of it; mail for suspect@ by somebody else.
_HOLDS = ("check_recipient_access inline:{ {bulk@=PREPEND X-Lane-Hold: mx1} }, "
          "check_recipient_access inline:{ {bulk@=HOLD}, {suspect@=HOLD} }, permit_mynetworks, reject")
POSTFIX: Mapping[str, str] = {"smtpd_recipient_restrictions": _HOLDS, **_PATIENT, **_TOLERANT}
HASHED: Mapping[str, str] = {"hash_queue_names": "hold, incoming active deferred defer", "hash_queue_depth": "2"}
SENDMAIL = """
LOCAL_RULESETS
SLocal_check_rcpt
R$* bulk @ $*\t$#error $@ quarantine $: mta-lanes mx1 lane bulk
R$* suspect @ $*\t$#error $@ quarantine $: looks odd
"""
#: Two queue directories, and files in folders by kind.
DIRECTORIES = ("q1/qf", "q1/df", "q1/xf", "q2/qf", "q2/df", "q2/xf")


class Hand(Protocol):
    """An administrator's hand on one mail server."""

    spool: Path

    def hold(self, id: str = "") -> None:
        """Put a message on hold; without one, all that are not."""

    def release(self, id: str = "") -> None:
        """Take a message off hold, and leave it to the server when it is tried; without one, all."""

    def run(self) -> None:
        """Have all that waits tried now."""

    def wait_until_deferred(self, id: str) -> None:
        """Until a message was tried in vain."""


class PostfixHand:
    """By Postfix's commands."""

    def __init__(self, postfix: PrivatePostfix) -> None:
        self._postfix = postfix
        self.spool = postfix.folders.queue

    def hold(self, id: str = "") -> None:
        self._postfix.command("postsuper", "-h", id or "ALL")

    def release(self, id: str = "") -> None:
        self._postfix.command("postsuper", "-H", id or "ALL")

    def run(self) -> None:
        self._postfix.kick()

    def wait_until_deferred(self, id: str) -> None:
        wait_until(lambda: id in self._postfix.queue("defer"), f"{id} to be deferred", 20)


class SendmailHand:
    """By the ``sendmail`` command."""

    def __init__(self, sendmail: PrivateSendmail) -> None:
        self._sendmail = sendmail
        self.spool = sendmail.folders.queue

    def hold(self, id: str = "") -> None:
        self._sendmail.command("-Qan administrator says so", *([f"-qI{id}"] if id else []))

    def release(self, id: str = "") -> None:
        self._sendmail.command("-qQ", "-Q", *([f"-qI{id}"] if id else []))

    def run(self) -> None:
        self._sendmail.command("-q")

    def wait_until_deferred(self, id: str) -> None:
        deferred = re.compile(rf": {id}: to=.*, stat=Deferred")
        wait_until(lambda: deferred.search(self._sendmail.log), f"{id} to be deferred", 20)


class World(NamedTuple):
    """A mail server with its outside world, and our control of it."""

    mta: PrivateMta
    sink: Sink
    hand: Hand
    many: int
    """Messages that are more than it takes in one piece, in a time that a test has."""
    unknown: Callable[[int], str]
    """Ids that could be messages."""

    @property
    def control(self) -> Control:
        return choose.control(parse(self.mta.settings))

    def hold_some(self, count: int) -> list[str]:
        """Send mail that is put on hold, as if by us; its ids."""
        return send_all(self.mta.port, [self.bulk(f"held {number}") for number in range(count)])

    def bulk(self, subject: str, *others: str) -> Mail:
        """Mail that is put on hold."""
        return mail(subject, ("bulk@example.com", *others))

    def defer_some(self, count: int) -> list[str]:
        """Send mail that the outside world does not take yet; its ids, once it is deferred."""
        self.sink.answer("example.com", "451 4.7.1 Later")
        ids = send_all(self.mta.port, [mail(f"late {number}", "someone@example.com") for number in range(count)])
        for id in ids:
            self.hand.wait_until_deferred(id)
        wait_until(lambda: self.control.find(ids) == dict.fromkeys(ids, Queue.DEFERRED), "them to be let go of")
        self.sink.answer("example.com", "")
        return ids


def _postfix(extra: Mapping[str, str], outside: int) -> PrivatePostfix:
    return PrivatePostfix(outside, parameters={**POSTFIX, **extra})


#: What the adapters are tried on: how each is made.
MTAS: dict[str, Callable[[int], PrivateMta]] = {
    "postfix": partial(_postfix, {}),
    "postfix with hashed queues": partial(_postfix, HASHED),
    "sendmail": partial(PrivateSendmail, lines=SENDMAIL),
    "sendmail with several queues": partial(PrivateSendmail, lines=SENDMAIL, directories=DIRECTORIES),
}


def hand(mta: PrivateMta) -> Hand:
    """An administrator's hand on a mail server."""
    if isinstance(mta, PrivatePostfix):
        return PostfixHand(mta)
    assert isinstance(mta, PrivateSendmail)
    return SendmailHand(mta)


def world(mta: PrivateMta, sink: Sink) -> World:
    """A mail server that runs, with its outside world."""
    if isinstance(mta, PrivatePostfix):
        return World(mta, sink, hand(mta), 2000, lambda number: f"4jYT{number:06d}z{number:04d}")
    return World(mta, sink, hand(mta), 600, lambda number: f"6AO88uRg{number:06d}")
