"""The mail of a soak, what is owed for it, and who hands it in.

Each message has a number, in its header ``X-Soak`` and in its sender's address, so every sender is a new one, as with
newsletters. Most recipients are in few domains, some in many. One domain puts mail off every other minute, another
refuses it, and what it refuses is owed to the sender as a bounce. Some clients hand in a message a connection, some
a hundred.

Contract: open loop, at an even pace; what could not be handed in when it was due is handed in as soon as it can be,
and :attr:`Feeder.behind` says by how much that is late. A message is owed from before it is handed in until each
copy has arrived; what came without an answer to its hand-in is owed to nobody. Whatever arrives that is not owed any
more is one too many.
"""

from __future__ import annotations

import contextlib
import random
import smtplib
import threading
import time
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from contrib.sandbox.mail import Client, Mail, mail
from contrib.sandbox.sink import Received

NUMBER_HEADER = "X-Soak"
ORIGIN, LATER, REFUSED = "origin.example", "later.example", "refused.example"
_FEW, _MANY = 40, 500
_CONNECTIONS = 6
#: Messages a connection, client by client, in turn.
_EACH = (1, 100)
_TEXT = "All work and no play.\n"
_KINDS = {"priority": 20, "normal": 33, "bulk": 47}
_SUBJECTS = {"priority": "Your verification code is {}", "normal": "Receipt {}", "bulk": "News {}"}
_UNSUBSCRIBE = {"List-Unsubscribe": "<https://example.net/u>"}
#: Seconds after which another try is made to connect.
_RETRY = 0.2


class Item(NamedTuple):
    """A message that is to be handed in."""

    number: int
    lane: str
    mail: Mail

    @property
    def owed_to(self) -> str:
        """Who gets something for it, in the end."""
        (to,) = self.mail.recipients
        return self.mail.sender if to.endswith(REFUSED) else to


def item(number: int, dice: random.Random) -> Item:
    """A message of any kind; some 2 KB, seldom much more."""
    (lane,) = dice.choices(list(_KINDS), list(_KINDS.values()))
    text = _TEXT * min(5000, round(dice.lognormvariate(4, 1)))
    headers = {NUMBER_HEADER: str(number), **(_UNSUBSCRIBE if lane == "bulk" else {})}
    subject = _SUBJECTS[lane].format(100_000 + number)
    content = mail(subject, f"r{number}@{_domain(dice)}", sender=f"m{number}@{ORIGIN}", headers=headers, text=text)
    return Item(number, lane, content)


def _domain(dice: random.Random) -> str:
    seldom = {LATER: 2, REFUSED: 1, f"one-of-many{dice.randrange(_MANY)}.example": 10}
    often = {f"one-of-few{dice.randrange(_FEW)}.example": 87}
    chances = seldom | often
    return dice.choices(list(chances), list(chances.values()))[0]


class Accounts:
    """What is owed, and what came of it; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owed: dict[int, Item] = {}
        self._paid: set[int] = set()
        self.sent: Counter[str] = Counter()
        """Accepted with 250, by lane."""
        self.unanswered = 0
        self.arrived = 0
        self.duplicated = 0

    def owe(self, one: Item) -> None:
        """It is going to be handed in."""
        with self._lock:
            self._owed[one.number] = one

    def accepted(self, one: Item) -> None:
        """It was."""
        with self._lock:
            self.sent[one.lane] += 1

    def not_answered(self, one: Item) -> None:
        """Whether it was is not known."""
        with self._lock:
            self.unanswered += 1
            self._owed.pop(one.number, None)

    def paid(self, messages: Iterable[Received]) -> None:
        """These have arrived."""
        with self._lock:
            for message in messages:
                for recipient in message.recipients:
                    self._pay(_number(message, recipient), recipient)

    def _pay(self, number: int, recipient: str) -> None:
        one = self._owed.get(number)
        self.arrived += 1
        if one is not None and one.owed_to == recipient:
            del self._owed[number]
            self._paid.add(number)
        elif number in self._paid:
            self.duplicated += 1

    def open(self) -> Counter[str]:
        """How many are owed, by lane."""
        with self._lock:
            return Counter(one.lane for one in self._owed.values())


def _number(message: Received, recipient: str) -> int:
    """A bounce has no number of its own: its recipient says which message it is about."""
    return int(message.header(NUMBER_HEADER) or recipient.partition("@")[0].removeprefix("m"))


class Feeder:
    """Hands mail in, ``rate`` messages a second, in threads of its own; a context manager that begins and ends it."""

    def __init__(self, port: int, accounts: Accounts, rate: float, first: int = 1) -> None:
        self._port, self._accounts, self._rate, self._first = port, accounts, rate, first
        self._stop = threading.Event()
        self._late = [0.0] * _CONNECTIONS
        self._next = [0] * _CONNECTIONS
        self.connections = Counter[int]()
        """Connections made, by client."""
        self._threads = [threading.Thread(target=self._feed, args=(n,), daemon=True) for n in range(_CONNECTIONS)]

    def __enter__(self) -> Feeder:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    @property
    def behind(self) -> float:
        """By how many seconds the latest client is late."""
        return max(self._late)

    @property
    def free(self) -> int:
        """A number that is higher than all that were used."""
        return self._first + max(self._next) + _CONNECTIONS

    def _feed(self, place: int) -> None:
        dice = random.Random(self._first + place)
        pause = _CONNECTIONS / self._rate
        due = time.monotonic() + pause * place / _CONNECTIONS
        client, left, each = None, 0, _EACH[place % len(_EACH)]
        while not self._stop.wait(max(0.0, due - time.monotonic())):
            self._late[place] = max(0.0, time.monotonic() - due)
            self._next[place] += _CONNECTIONS
            if client is None or left == 0:
                client, left = self._anew(place, client), each
            if client is not None:
                left -= 1
                client = self._hand_in(client, item(self._first + self._next[place] + place, dice))
            due += pause
        _close(client)

    def _anew(self, place: int, client: Client | None) -> Client | None:
        """A new connection instead of the old one; None if it is time to stop."""
        _close(client)
        while not self._stop.is_set():
            try:
                made = Client(self._port)
            except (OSError, smtplib.SMTPException):
                self._stop.wait(_RETRY)
            else:
                self.connections[place] += 1
                return made
        return None

    def _hand_in(self, client: Client, one: Item) -> Client | None:
        """The connection, if it can still be used."""
        self._accounts.owe(one)
        try:
            client.send(one.mail)
        except (OSError, smtplib.SMTPException):
            self._accounts.not_answered(one)
            _close(client)
            return None
        self._accounts.accepted(one)
        return client


def _close(client: Client | None) -> None:
    if client is not None:
        with contextlib.suppress(OSError, smtplib.SMTPException):
            client.command("QUIT")
        client.__exit__()
