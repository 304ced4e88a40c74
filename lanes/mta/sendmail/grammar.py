"""Sendmail's log: :class:`~lanes.mta.port.Grammar`, one line to one event.

A line is ``TIME HOST NAME[PID]: ID: WHAT HAPPENED``. What happened is told by how it begins:

- ``from=<a@b>, size=...``: the message was accepted. No event; the instant is remembered (``times``).
- ``to=<r@x>,<s@y>, delay=00:00:07, xdelay=00:00:01, mailer=esmtp, ..., dsn=2.0.0, stat=Sent (...)``: an attempt.
  Recipients that were served together are in one line and had one outcome, so the first stands for all.
- ``to=..., quarantine=REASON, stat=quarantined``: the message was accepted and is on hold. Ours is no news. An
  administrator's or another filter's is one.
- ``quarantine=REASON`` and ``unquarantine``: put on hold by hand, and released.
- ``NEW: DSN: Cannot send message for 5 days``: given up; NEW is the id of the mail to the sender.
- ``done; delay=00:00:07, ntries=1``: the message left the queue. Sendmail says so from ``LogLevel`` 10 on, and only
  of what was tried at all. The end of any other is found out by comparing with the queue (``services/reconcile``).

*Durations.* ``delay`` is the difference of two instants in whole seconds, so it may be off by one either way: of no
weight against an SLA of minutes, and of much for a message that takes none. Where the log has finer time stamps
(rsyslog's RFC 3339), the times between its lines are taken instead. ``xdelay`` includes connecting. How long a
message waited for a process to deliver it, which is what Postfix tells as ``b`` of ``delays=a/b/c/d``, is the time
from its acceptance, or its release, to the beginning of its first attempt.

Contract: never raises, whatever the text; what is not understood is no event. Text from the network (addresses,
replies) cannot pass for a field of the line: addresses are read with their quotes (RFC 5321, 4.1.2), and
an attempt has succeeded only if that is said where no reply can stand.

Source: Sendmail's ``deliver.c`` (``logdelivery``), ``queue.c``, ``envelope.c``, ``savemail.c``; Operations Guide, 2.2.
"""

from __future__ import annotations

import re

from lanes.mta import reasons
from lanes.mta.log_time import LogTime
from lanes.mta.port import Attempt, Event, Expired, Outcome, Released, Removed, Withheld
from lanes.mta.said_by import said_by
from lanes.mta.sendmail.queue_id import PATTERN, valid
from lanes.mta.sendmail.times import Times

#: Up to the comma and space behind it, over quoted local parts that may look like more. Atomic: never tried twice.
_ADDRESSES = r'(?:"(?:[^"\\]|\\.)*+"|[^",]|,(?! ))*+'
_ONE = re.compile(r'(?:"(?:[^"\\]|\\.)*+"|[^",])*+')
_DURATION = r"(?:\d{1,5}\+)?\d\d:\d\d:\d\d"
_TO = rf"to=({_ADDRESSES})(?:, \[more\])?(?:, ctladdr={_ADDRESSES})?, delay=({_DURATION})"
_DSN = r"(?:, dsn=(\d\.\d+\.\d+))?"
_ATTEMPT = re.compile(
    rf"{_TO}(?:, xdelay=({_DURATION}))?(?:, mailer=([^,]*))?, pri=\d+(?:, relay=([^,]*))?{_DSN}(?:, ntries=\d+)?"
    r", (reply|stat)=(.*)$", re.ASCII | re.DOTALL,
)
#: Not tried, only put into the queue.
_QUEUED = re.compile(
    rf"{_TO}(?:, mailer=[^,]*)?, pri=\d+(?:, quarantine=(?P<reason>.*))?{_DSN}, stat=(?P<stat>queued|quarantined)$",
    re.ASCII | re.DOTALL,
)
_EXPIRED = re.compile(rf"{PATTERN}: [A-Za-z ]+: (?:Cannot send message for |delivery time expired )", re.ASCII)
#: What follows what Sendmail says in a field of its own: nothing, or what the server said.
_SENT, _DEFERRED = re.compile(r"Sent(?: \(|$)"), re.compile(r"Deferred(?:: |$)")
_REPLY = re.compile(r"\d{3}[ -](\d\.\d{1,3}\.\d{1,3})\b", re.ASCII)
#: Characters of a reason that are sure to be in the log, which leaves out the middle of a longer one.
_REASON = 18


class SendmailGrammar:
    """Reads one line of a Sendmail log; a callable. ``mta`` is the name that our filter gives its holds."""

    def __init__(self, mta: str) -> None:
        self._ours = reasons.ours(mta)[:_REASON]
        self._time = LogTime()
        self._times = Times()
        self.unparsed = 0

    def __call__(self, line: str, now: float) -> Event | None:
        """The event of a line, or None. Never raises, whatever the line holds.

        ``now`` completes time stamps that carry no year and time zone.
        """
        head, end_of_head, said = line.partition("]: ")
        id, colon, what = said.partition(": ")
        self.unparsed += not end_of_head
        if not colon or not valid(id) or not (by := said_by(head)):
            return None
        at = self._time(by.stamp, now)
        return self._event(id, at, what.rstrip("\r\n")) if at is not None else None

    def _event(self, id: str, at: float, what: str) -> Event | None:
        if what.startswith("to="):
            return self._to(id, at, what)
        if what.startswith("from="):
            self._times.accepted(id, at)
        elif what == "unquarantine":
            self._times.released(id, at)
            return Released(id, at)
        elif what.startswith("quarantine="):
            self._times.tried(id)
            return Withheld(id, at)
        elif what.startswith("done; delay="):
            self._times.gone(id)
            return Removed(id, at, by_hand=False)
        elif _EXPIRED.match(what):
            return Expired(id, at)
        return None

    def _to(self, id: str, at: float, what: str) -> Event | None:
        if queued := _QUEUED.match(what):
            return self._on_hold(id, at, queued["reason"] or "") if queued["stat"] == "quarantined" else None
        found = _ATTEMPT.match(what)
        self.unparsed += not found
        return self._attempt(id, at, found) if found else None

    def _on_hold(self, id: str, at: float, reason: str) -> Withheld | None:
        self._times.tried(id)
        return None if reason.startswith(self._ours) else Withheld(id, at)

    def _attempt(self, id: str, at: float, found: re.Match[str]) -> Attempt:
        recipients, delay, xdelay, mailer, relay, dsn, field, text = found.groups("")
        outcome = _outcome(field, text, dsn)
        took = _seconds(xdelay)
        whole = max(self._times.delay(id, at, _seconds(delay)), took)
        wait = min(self._times.wait(id, at - took), whole - took)
        if outcome is Outcome.DEFERRED:
            self._times.tried(id)
        stages = (whole - wait - took, wait, 0.0, took)
        status = _status(text, dsn) if field == "reply" else dsn
        return Attempt(id, at, _first(recipients), outcome, mailer, relay or "none", whole, stages, status, text)


def _outcome(field: str, text: str, dsn: str) -> Outcome:
    """What a server replied is told only of failures, and before Sendmail's own word: so the status code decides."""
    if field == "stat" and _SENT.match(text):
        return Outcome.SENT
    if dsn.startswith("4.") or (field == "stat" and _DEFERRED.match(text)):
        return Outcome.DEFERRED
    return Outcome.BOUNCED


def _status(reply: str, dsn: str) -> str:
    """The server's own status code (RFC 3463), where it is of the class that Sendmail made of it: it is more exact."""
    found = _REPLY.match(reply)
    return found[1] if found and found[1][0] == dsn[:1] else dsn


def _first(recipients: str) -> str:
    found = _ONE.match(recipients)
    return found[0].strip().removeprefix("<").removesuffix(">") if found else ""


def _seconds(duration: str) -> float:
    """``[days+]hours:minutes:seconds``."""
    days, _, clock = duration.rpartition("+")
    hours, minutes, seconds = (int(part) for part in clock.split(":")) if clock else (0, 0, 0)
    return float(int(days or 0) * 86400 + hours * 3600 + minutes * 60 + seconds)
