"""A message as it lies in a file, made into what the filter would have seen of it.

Contract: :func:`read_eml` makes a :class:`Message` of any bytes, and never raises. What the envelope
was is not in the file: it is given by the caller, else taken from the trace that MTAs leave.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.parser import BytesHeaderParser
from email.policy import compat32
from email.utils import parsedate_to_datetime

from lanes.message import UNKNOWN_CLIENT, Message
from lanes.policy.text import clean

_ADDRESS = re.compile(r"[^\s<>,;:\"()]{1,256}@[^\s<>,;:\"()]{1,256}")
_CLIENT = re.compile(r"\[(?:IPv6:)?([0-9A-Fa-f.:]{2,45})\]")
_LOGIN = re.compile(r"\(Authenticated sender: ([^()\s]{1,256})\)")
_ENVELOPE_TO = ("delivered-to", "x-original-to")
_HEADER_CHARS = 100_000


def read_eml(
    raw: bytes,
    *,
    sender: str | None = None,
    recipients: tuple[str, ...] = (),
    client: str | None = None,
    user: str | None = None,
    by: str = "",
) -> Message:
    """The message of a file: headers as they stand, still folded, bytes that are not UTF-8 by PEP 383.

    What is None (or no recipients) is taken from the message's trace. ``client`` is an IP address,
    empty for a message submitted on the MTA's own host, which is trusted.
    """
    headers = tuple(_headers(raw))
    trace = Trace(headers)
    return Message(
        sender=trace.sender() if sender is None else sender,
        recipients=recipients or trace.recipients(),
        headers=headers,
        client=trace.client() if client is None else client,
        user=trace.user() if user is None else user,
        size=len(raw),
        by=by,
    )


def accepted(message: Message) -> float | None:
    """When the topmost Received, or else Date, says it was: Unix time in seconds; None if neither does."""
    trace = Trace(message.headers)
    for value in (trace.first("received").rpartition(";")[2], trace.first("date")):
        try:
            return parsedate_to_datetime(value.strip()).timestamp()
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None


def _headers(raw: bytes) -> Iterator[tuple[str, str]]:
    parsed = BytesHeaderParser(policy=compat32).parsebytes(raw)
    for name, value in parsed.raw_items():
        yield _utf8(name), _utf8(str(value)).lstrip(" \t")


def _utf8(text: str) -> str:
    """The parser keeps bytes as surrogates; most of them are UTF-8 (RFC 6532)."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")


class Trace:
    """The envelope, as far as the headers tell it."""

    def __init__(self, headers: tuple[tuple[str, str], ...]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in headers:
            self._values.setdefault(name.lower(), []).append(clean(value[:_HEADER_CHARS]))

    def _all(self, *names: str) -> Iterator[str]:
        for name in names:
            yield from self._values.get(name, ())

    def first(self, name: str) -> str:
        """The topmost header of this name; empty if there is none."""
        return next(self._all(name), "")

    def sender(self) -> str:
        """Of Return-Path (RFC 5321, 4.4), which may be empty; else the author."""
        for value in self._all("return-path"):
            return next(iter(_ADDRESS.findall(value)), "")
        return next((address for value in self._all("from", "sender") for address in _ADDRESS.findall(value)), "")

    def recipients(self) -> tuple[str, ...]:
        """Of the headers that a delivery agent adds; else whom the author addressed. Each once."""
        for names in (_ENVELOPE_TO, ("to", "cc", "bcc")):
            found = [address for value in self._all(*names) for address in _ADDRESS.findall(value)]
            if found:
                return tuple(dict.fromkeys(found))
        return ()

    def client(self) -> str:
        """Of the topmost Received (RFC 5321, 4.4): whom our own MTA took it from."""
        found = _CLIENT.search(self.first("received"))
        return found[1] if found else UNKNOWN_CLIENT

    def user(self) -> str:
        """Of the topmost Received, as Postfix writes it with ``smtpd_sasl_authenticated_header``."""
        found = _LOGIN.search(self.first("received"))
        return found[1] if found else ""
