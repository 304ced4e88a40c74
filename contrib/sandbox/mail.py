"""Building mail and handing it to an SMTP server on loopback.

Contract: what was handed in is known by its queue id, read from the reply to the end of DATA, Postfix's
(``250 2.0.0 Ok: queued as ID``) or Sendmail's (``250 2.0.0 ID Message accepted for delivery``). Content is bytes
and is sent as it is, and so are addresses (a lone surrogate stands for a byte that is not UTF-8, PEP 383), so that
broken mail can be sent, too.

Failure: :class:`smtplib.SMTPException` with the server's reply, if it did not take a message.
"""

from __future__ import annotations

import re
import smtplib
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from typing import NamedTuple, Self

from contrib.sandbox.ports import LOOPBACK

_QUEUED_AS = re.compile(rb"queued as (?P<postfix>\S+)|(?P<sendmail>\S+) Message accepted")


class Mail(NamedTuple):
    """An envelope and its content."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes


def mail(subject: str, to: str | Sequence[str] = "someone@example.com", *, sender: str = "app@example.net",
         headers: Mapping[str, str] | None = None, text: str = "Hello.\n") -> Mail:
    """A plain message: envelope and headers agree; ``headers`` are added as they are."""
    recipients = (to,) if isinstance(to, str) else tuple(to)
    message = EmailMessage(policy=SMTP_POLICY)
    for name, value in {"From": sender or "MAILER-DAEMON@example.net", "To": ", ".join(recipients),
                        "Subject": subject, **(headers or {})}.items():
        message[name] = value
    message.set_content(text)
    return Mail(sender, recipients, message.as_bytes())


class Client:
    """One SMTP connection; a context manager."""

    def __init__(self, port: int, timeout: float = 60.0) -> None:
        self._smtp = smtplib.SMTP(LOOPBACK, port, local_hostname="client.example.net", timeout=timeout)
        self._smtp.ehlo()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._smtp.close()

    def send(self, mail: Mail) -> str:
        """Hand one message in; its queue id, empty if the reply names none."""
        self.command(f"MAIL FROM:<{mail.sender}> BODY=8BITMIME")
        for recipient in mail.recipients:
            self.command(f"RCPT TO:<{recipient}>")
        return self.content(mail.content)

    def content(self, content: bytes) -> str:
        """After an envelope: the message; its queue id, empty if the reply names none."""
        reply = _accepted(*self._smtp.data(content))
        queued = _QUEUED_AS.search(reply)
        return queued[queued.lastgroup or 0].decode("ascii") if queued else ""

    def command(self, line: str) -> None:
        """Say a line of SMTP to which a good answer is expected."""
        self._smtp.send(line.encode("utf-8", "surrogateescape") + b"\r\n")
        _accepted(*self._smtp.getreply())


def _accepted(code: int, reply: bytes) -> bytes:
    if code // 100 != 2:
        raise smtplib.SMTPResponseException(code, reply)
    return reply


def send(port: int, mail: Mail) -> str:
    """Hand one message in on a connection of its own; its queue id."""
    with Client(port) as client:
        return client.send(mail)


def send_all(port: int, mails: Iterable[Mail], connections: int = 4) -> list[str]:
    """Hand many in over a few connections at once; their queue ids, in the order of ``mails``."""
    mails = list(mails)
    ids = [""] * len(mails)
    with ThreadPoolExecutor(connections) as pool:
        shares = pool.map(lambda first: _send_share(port, mails[first::connections]), range(connections))
        for first, share in enumerate(shares):
            ids[first::connections] = share
    return ids


def _send_share(port: int, mails: list[Mail]) -> list[str]:
    if not mails:
        return []
    with Client(port) as client:
        return [client.send(mail) for mail in mails]
