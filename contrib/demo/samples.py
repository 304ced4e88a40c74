"""The sample: what a site's mail looks like on an ordinary morning, and a few attempts to jump the queue."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from contrib.sandbox.mail import Mail, mail

_BULK = {"List-Unsubscribe": "<https://news.example.net/unsubscribe>", "Precedence": "bulk"}

#: Newsletter domains, and how many readers each has: two full batches of 20, one, and one short of it.
READERS = {"north.example": 40, "south.example": 20, "west.example": 19}


class Sample(NamedTuple):
    """A message of the sample, and what it is called in the report."""

    name: str
    mail: Mail


def newsletters() -> list[Mail]:
    """The run that everything else must not wait for."""
    return [newsletter(domain, number) for domain, readers in READERS.items() for number in range(readers)]


def newsletter(domain: str, number: int) -> Mail:
    """One copy of the newsletter."""
    return mail(f"Weekly news for reader {number}", f"reader{number}@{domain}",
                sender="news@example.net", headers=_BULK)


def singles() -> Iterator[Sample]:
    """The messages that are followed one by one."""
    yield Sample("one-time code", mail("Your verification code is 481516", "ann@example.com"))
    yield Sample("password reset", mail("Reset your password", "bob@example.com"))
    yield Sample("receipt 1", mail("Receipt for your order 1042", "cyd@example.com"))
    yield Sample("receipt 2", mail("Receipt for your order 1043", "dan@example.com"))
    yield Sample("newsletter about passwords",
                 mail("How to reset your password habits", "eve@example.com", sender="news@example.net", headers=_BULK))
    yield Sample("forged lane headers", mail("Buy now", "fay@example.com", headers={
        **_BULK, "X-Lane": "priority", "X-Lane-Route": "premium", "X-SLA-Deadline": "yesterday"}))
    yield Sample("broken headers", Mail("odd@example.net", ("gus@example.com",), _BROKEN))


_BROKEN = (
    b"From: odd@example.net\r\n"
    b"Subject: =?utf-8?B?////broken?= \xff\xfe caf\xe9\r\n"
    b"X-Message-Priority: \x01\x02\r\n"
    b"X-SLA-Deadline: 2026-99-99T99:99:99Z\r\n"
    b"X-Rich-Metadata: {\"priority\": {\"level\": \r\n"
    b"\r\n8-bit b\xf6dy\r\n"
)
