"""The mail of a chaos run: what is sent, at a steady pace, and what is owed for it.

Each message has a number, which is in its header ``X-Chaos`` and in its sender's address, so that its copies and its
bounce are known wherever they arrive. A message that is accepted with 250 is owed to each recipient that the outside
world takes, and to its sender as one bounce if a recipient is refused.

Contract: a message is handed in once. If no answer came, it may or may not have been accepted: it is owed to nobody,
and must not arrive twice either.
"""

from __future__ import annotations

import random
import smtplib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple

from contrib.sandbox.mail import Client, Mail, mail
from tests.chaos.outside import LATER, REFUSED

NUMBER_HEADER = "X-Chaos"
SUSPECT_HEADER = "X-Suspect"
#: Where bounces go.
ORIGIN = "origin.example"
_UNSUBSCRIBE = {"List-Unsubscribe": "<https://example.net/u>"}
_DOMAINS = [f"d{n}.example" for n in range(20)]
_CONNECTIONS = 3
#: Seconds after which another try is made to connect.
_RETRY = 0.1


Foreign = Literal["", "postfix", "hand"]
"""Nobody; Postfix's own header checks; an administrator, once it was deferred."""


class Item(NamedTuple):
    """A message that is to be handed in."""

    number: int
    lane: str
    mail: Mail
    foreign: Foreign = ""
    """Who puts it on hold, if it is not us."""

    @property
    def owed_to(self) -> frozenset[str]:
        """Who gets something for it, in the end."""
        good = {to for to in self.mail.recipients if not to.endswith(REFUSED)}
        return frozenset(good if len(good) == len(self.mail.recipients) else {*good, self.mail.sender})


class Sent(NamedTuple):
    """A message that was accepted with 250."""

    item: Item
    id: str
    at: float


class Ledger:
    """All that was accepted, and how much was not answered."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sent: list[Sent] = []
        self.unanswered = 0

    def accepted(self, sent: Sent) -> None:
        """One more."""
        with self._lock:
            self._sent.append(sent)

    def not_answered(self) -> None:
        """One of which it is not known."""
        with self._lock:
            self.unanswered += 1

    @property
    def sent(self) -> list[Sent]:
        """All that was accepted, in order."""
        with self._lock:
            return list(self._sent)


class Feeder:
    """Hands in a round's mail over a few connections, evenly over ``seconds``, in threads of its own."""

    def __init__(self, port: int, ledger: Ledger, items: Sequence[Item], seconds: float) -> None:
        self._port, self._ledger = port, ledger
        self._pause = seconds * _CONNECTIONS / max(len(items), 1)
        shares = [items[first::_CONNECTIONS] for first in range(_CONNECTIONS)]
        self._threads = [threading.Thread(target=self._feed, args=(share,), daemon=True) for share in shares]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def join(self, timeout: float) -> None:
        """Until all is handed in; :class:`TimeoutError` if it takes longer than that many seconds."""
        end = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
            if thread.is_alive():
                raise TimeoutError(f"waited {timeout:g} s for all mail to be handed in")

    def _feed(self, items: Sequence[Item]) -> None:
        client: Client | None = None
        due = time.monotonic()
        for item in items:
            client = client or self._connected()
            try:
                id = client.send(item.mail)
            except (OSError, smtplib.SMTPException):
                self._ledger.not_answered()
                client = None
            else:
                self._ledger.accepted(Sent(item, id, time.time()))
            due += self._pause
            time.sleep(max(0.0, due - time.monotonic()))

    def _connected(self) -> Client:
        while True:
            try:
                return Client(self._port)
            except (OSError, smtplib.SMTPException):
                time.sleep(_RETRY)


def items(first: int, count: int, dice: random.Random, domain: str) -> list[Item]:
    """So many messages, numbered from ``first``: all kinds, mixed. ``domain`` is the round's own that takes no mail."""
    special = [_suspect, _stuck("priority", domain), _stuck("bulk", domain)]
    kinds = dice.choices(list(_KINDS), list(_KINDS.values()), k=max(count - len(special), 0))
    chosen: list[Kind] = [*kinds, *special]
    dice.shuffle(chosen)
    return [kind(first + place, dice) for place, kind in enumerate(chosen)]


Kind = Callable[[int, random.Random], Item]


def _urgent(number: int, dice: random.Random) -> Item:
    return _item(number, "priority", (_at(number, dice.choice(_DOMAINS)),))


def _normal(number: int, dice: random.Random) -> Item:
    return _item(number, "normal", (_at(number, dice.choice(_DOMAINS)),))


def _bulk(number: int, dice: random.Random) -> Item:
    return _item(number, "bulk", (_at(number, dice.choice(_DOMAINS)),))


def _several(number: int, dice: random.Random) -> Item:
    domains = dice.sample(_DOMAINS, dice.randint(2, 4))
    return _item(number, dice.choice(("normal", "bulk")), tuple(_at(number, domain) for domain in domains))


def _later(number: int, dice: random.Random) -> Item:
    lane = dice.choice(("priority", "normal", "bulk"))
    return _item(number, lane, (_at(number, dice.choice(LATER)),))


def _refused(number: int, dice: random.Random) -> Item:
    others = (_at(number, dice.choice(_DOMAINS)),) if dice.random() < 0.5 else ()
    return _item(number, dice.choice(("normal", "bulk")), (*others, _at(number, REFUSED)))


def _suspect(number: int, dice: random.Random) -> Item:
    return _item(number, "priority", (_at(number, dice.choice(_DOMAINS)),), {SUSPECT_HEADER: "yes"}, foreign="postfix")


def _stuck(lane: str, domain: str) -> Kind:
    return lambda number, _dice: _item(number, lane, (_at(number, domain),), foreign="hand")


def _at(number: int, domain: str) -> str:
    return f"r{number}@{domain}"


_SUBJECTS = {"priority": "Your verification code is {}", "normal": "Receipt {}", "bulk": "News {}"}
_HEADERS: Mapping[str, Mapping[str, str]] = {"priority": {}, "normal": {}, "bulk": _UNSUBSCRIBE}


def _item(number: int, lane: str, recipients: tuple[str, ...], headers: Mapping[str, str] | None = None, *,
          foreign: Foreign = "") -> Item:
    all_headers = {NUMBER_HEADER: str(number), **_HEADERS[lane], **(headers or {})}
    subject = _SUBJECTS[lane].format(100_000 + number)
    content = mail(subject, recipients, sender=f"m{number}@{ORIGIN}", headers=all_headers)
    return Item(number, lane, content, foreign)


#: Kinds of mail, and how much there is of each.
_KINDS: Mapping[Kind, int] = {_urgent: 20, _normal: 27, _bulk: 38, _several: 8, _later: 4, _refused: 3}
