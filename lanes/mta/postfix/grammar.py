"""Postfix's log: :class:`~lanes.mta.port.Grammar`, one line to one event.

A line is ``TIME HOST SYSLOG_NAME/DAEMON[PID]: ID: WHAT HAPPENED``. Most lines tell no event (a client
connects, a message-id is seen), so a line is taken apart from the left and dropped as soon as it
cannot be one; at most one expression is tried on the rest, chosen by its first word.

Who speaks (:mod:`lanes.mta.said_by`) counts, not only what is said: ``removed`` by the queue manager ends a
message's life in order, ``removed`` by postsuper(1) is a deletion by hand.

*Hand-offs.* A message that was delivered to a content filter or another instance, and comes back from there
(``status=sent (... queued as NEW)``), is still the same message if smtpd(8) was told so by XFORWARD
(``smtp_send_xforward_command``): it then logs the id that the message had before. Without that, a delivery
is taken for one, whatever the reply says: ids in replies are another server's.

*Transports.* The log names the daemon (``smtp``), not the service of ``master.cf`` that started it
(``economy``). A service of its own shows if ``master.cf`` gives it a name in the log, as Postfix's
own file does for ``relay``::

    economy unix - - n - - smtp
      -o syslog_name=postfix/$service_name

Then it logs as ``postfix/economy/smtp``, and the transport is ``economy``: what stands between the
instance's name and the daemon's. Without it, the transport is the daemon; but pipe(8), local(8) and
virtual(8), which connect to no host, name their service as the relay.

Contract: never raises, whatever the text; what is not understood is no event. Text from the network
(addresses, replies) is taken as it stands, and cannot pass for a field of the line: addresses are
read with their quotes (RFC 5321, 4.1.2), and what a server replied comes last.

Source: postlogd(8) and syslog for the prefix, Postfix's ``log_adhoc.c``, ``qmgr_active.c``,
``postsuper.c``, ``pickup.c``, ``smtpd.c`` for the rest; postconf(5) ``info_log_address_format``, and
``smtp_log_tls_feature_status``: from Postfix 3.11 on, ``tls=`` stands before ``dsn=`` in what smtp(8) and lmtp(8) say.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from lanes.mta.log_time import LogTime
from lanes.mta.port import Active, Attempt, Event, Expired, Outcome, Released, Removed, Requeued, Withheld
from lanes.mta.postfix.queue_id import LONG_OR_SHORT, instant, valid
from lanes.mta.said_by import said_by

#: Up to the next field, over a quoted local part that may look like one. Atomic: never tried twice.
_ADDRESS = r'(?:"(?:[^"\\]|\\.)*+"@)?(?:(?!>, (?:orig_to=<|relay=)).)*+'
_SECONDS = r"(\d{1,10}(?:\.\d{1,6})?)"
_ATTEMPT = re.compile(
    rf"to=<({_ADDRESS})>, (?:orig_to=<{_ADDRESS}>, )?relay=([^,]*), (?:conn_use=\d+, )?delay={_SECONDS}, "
    rf"delays={_SECONDS}/{_SECONDS}/{_SECONDS}/{_SECONDS}, (?:tls=[^, ]+, )?"
    r"dsn=(\d\.\d+\.\d+), status=(\w+)(?: \((.*)\))?$",
    re.ASCII,
)
_ACTIVE = re.compile(r"nrcpt=(\d{1,9}) \(queue active\)$", re.ASCII)
_EXPIRED = re.compile(r", status=(?:force-)?expired, returned to sender$")
_REQUEUED = re.compile(rf"> orig_id=({LONG_OR_SHORT})$")
_HANDED_ON = re.compile(rf"client=[^, ]+, orig_queue_id=({LONG_OR_SHORT})(?:, orig_client=\S+)?$")
#: Time stamps in the log may be of whole seconds.
_PRECISION = 2.0
#: What is said of an address that was only asked about (sendmail -bv).
_PROBES = frozenset(("deliverable", "undeliverable"))

_OUTCOMES = {
    "sent": Outcome.SENT,
    "deferred": Outcome.DEFERRED,
    "bounced": Outcome.BOUNCED,
    # soft_bounce = yes: what would have been a bounce stays in the queue.
    "SOFTBOUNCE": Outcome.DEFERRED,
}
_QUEUE_MANAGERS = frozenset(("qmgr", "nqmgr", "oqmgr"))
_BY_HAND: dict[str, Callable[[str, float], Event]] = {
    "removed": partial(Removed, by_hand=True),
    "released from hold": Released,
    "placed on hold": Withheld,
}


class PostfixGrammar:
    """Reads one line of a Postfix log; a callable, cheap to make."""

    def __init__(self) -> None:
        self._time = LogTime()
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
        what = what.rstrip("\r\n")
        instance, _, daemon = by.name.rpartition("/")
        read = _reader(daemon, what)
        if read is None:
            return None
        at = self._time(by.stamp, now)
        event = read(id, at, what, instance, daemon) if at is not None else None
        self.unparsed += read is _attempt and event is None and not _is_probe(what)
        return event


_Reader = Callable[[str, float, str, str, str], Event | None]


def _reader(daemon: str, what: str) -> _Reader | None:
    """What reads the rest of a line, by who said it and its first word."""
    if what.startswith("to=<"):
        return _attempt
    if daemon in _QUEUE_MANAGERS:
        return _queue_manager
    return _OTHERS.get(daemon)


def _attempt(id: str, at: float, what: str, instance: str, daemon: str) -> Attempt | None:
    found = _ATTEMPT.match(what)
    if not found:
        return None
    recipient, relay, delay, a, b, c, d, dsn, status, text = found.groups("")
    outcome = _OUTCOMES.get(status)
    if not outcome:
        return None
    transport = instance.partition("/")[2] or (daemon if _is_host(relay) else relay)
    stages = (float(a), float(b), float(c), float(d))
    return Attempt(id, at, recipient, outcome, transport, relay, float(delay), stages, dsn, text)


def _is_host(relay: str) -> bool:
    return "[" in relay or relay == "none"


def _queue_manager(id: str, at: float, what: str, _instance: str, _daemon: str) -> Event | None:
    if what == "removed":
        return Removed(id, at, by_hand=False)
    if found := _ACTIVE.search(what):
        return Active(id, at, int(found[1]))
    return Expired(id, at) if _EXPIRED.search(what) else None


def _postsuper(id: str, at: float, what: str, _instance: str, _daemon: str) -> Event | None:
    event = _BY_HAND.get(what)
    return event(id, at) if event else None


def _pickup(id: str, at: float, what: str, _instance: str, _daemon: str) -> Requeued | None:
    found = _REQUEUED.search(what)
    return Requeued(found[1], at, new_id=id) if found else None


def _smtpd(id: str, at: float, what: str, _instance: str, _daemon: str) -> Requeued | None:
    found = _HANDED_ON.match(what)
    return Requeued(found[1], _arrival(id, at), new_id=id, anew=True) if found else None


def _arrival(id: str, at: float) -> float:
    """When a message of which a line tells at an instant came, as its id has it: to the microsecond."""
    told = instant(id)
    return told if told is not None and abs(told - at) <= _PRECISION else at


_OTHERS: dict[str, _Reader] = {"postsuper": _postsuper, "pickup": _pickup, "smtpd": _smtpd}


def _is_probe(what: str) -> bool:
    return any(f", status={probe} (" in what for probe in _PROBES)
