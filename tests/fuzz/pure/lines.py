"""Log lines of any bytes, for the grammars of both MTAs; and text from mail where the MTAs log it.

What must hold: no line raises; an event is of a valid id; and text that came with mail, wherever it stands in a line
that the MTA wrote, neither ends a message, nor releases it, nor has it delivered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from lanes.mta.log_time import LogTime
from lanes.mta.port import Attempt, Event, Outcome
from lanes.mta.postfix import queue_id as postfix_id
from lanes.mta.postfix.grammar import PostfixGrammar
from lanes.mta.sendmail import queue_id as sendmail_id
from lanes.mta.sendmail.grammar import SendmailGrammar

NOW = 1_795_500_000.0
POSTFIX_ID, SENDMAIL_ID = "4jYTDZ4h8gzJC7V", "6AO88uRg001516"
_HEADS = ("Nov 24 04:43:26 mx1 ", "2026-11-24T04:43:26.592172+01:00 mx1 ")
_TIMES = "delay=2, delays=0/1/0/1, dsn="
_TAIL = "mailer=esmtp, pri=120235, relay=mx.example.com. [192.0.2.1], dsn="

#: Lines that Postfix writes, with what came with mail in them: of no consequence ...
_POSTFIX_SAYS = (
    f"postfix/cleanup[17]: {POSTFIX_ID}: message-id=<TEXT>",
    f"postfix/cleanup[17]: {POSTFIX_ID}: warning: header Subject: TEXT from c[192.0.2.9]; from=<a@b> to=<r@x>",
    f"postfix/smtpd[17]: {POSTFIX_ID}: client=c[192.0.2.9], sasl_username=TEXT",
    f"postfix/smtpd[17]: {POSTFIX_ID}: reject: RCPT from c[192.0.2.9]: 554 no; from=<a@b> to=<r@x> helo=<TEXT>",
    "postfix/smtpd[17]: NOQUEUE: reject: RCPT from c[192.0.2.9]: 554 no; from=<a@b> to=<r@x> helo=<TEXT>",
    "postfix/smtpd[17]: warning: Illegal address syntax from c[192.0.2.9] in MAIL command: TEXT",
    "spamd: result of TEXT",
)
#: ... and attempts that failed.
_POSTFIX_FAILED = (
    f"postfix/smtp[17]: {POSTFIX_ID}: to=<r@x>, relay=mx[192.0.2.1]:25, {_TIMES}4.0.0, status=deferred (said: TEXT)",
    f"postfix/smtp[17]: {POSTFIX_ID}: to=<QUOTED>, relay=mx[192.0.2.1]:25, {_TIMES}4.0.0, status=deferred (no)",
    f"postfix/smtp[17]: {POSTFIX_ID}: to=<r@x>, orig_to=<QUOTED>, relay=none, {_TIMES}4.0.0, status=deferred (no)",
)
_SENDMAIL_SAYS = (
    f"sm-mta[17]: {SENDMAIL_ID}: from=<QUOTED>, size=235, class=0, nrcpts=1, msgid=<TEXT>, relay=c [192.0.2.9]",
    f"sm-mta[17]: {SENDMAIL_ID}: ruleset=check_rcpt, arg1=<TEXT>, relay=c [192.0.2.9], reject=550 5.7.1 no",
    f"sm-mta[17]: {SENDMAIL_ID}: Milter: to=<TEXT>, reject=550 5.7.1 no",
    "sm-mta[17]: ruleset=check_mail, arg1=<TEXT>, relay=c [192.0.2.9], reject=550 5.7.1 no",
    "spamd: result of TEXT",
)
_SENDMAIL_FAILED = (
    f"sm-mta[17]: {SENDMAIL_ID}: to=<r@x>, delay=00:00:07, xdelay=00:00:01, {_TAIL}4.0.0, stat=Deferred: TEXT",
    f"sm-mta[17]: {SENDMAIL_ID}: to=<r@x>, delay=00:00:07, xdelay=00:00:01, {_TAIL}4.3.0, reply=452 TEXT, stat=no",
    f"sm-mta[17]: {SENDMAIL_ID}: to=<QUOTED>,<s@x>, delay=00:00:07, xdelay=00:00:01, {_TAIL}4.0.0, stat=Deferred",
)


def postfix_lines(data: bytes) -> None:
    """Any lines; then each as text that came with mail."""
    _fuzz(data, PostfixGrammar, postfix_id.valid, _POSTFIX_SAYS, _POSTFIX_FAILED)


def sendmail_lines(data: bytes) -> None:
    """Any lines; then each as text that came with mail."""
    _fuzz(data, lambda: SendmailGrammar("mx1"), sendmail_id.valid, _SENDMAIL_SAYS, _SENDMAIL_FAILED)


def log_times(data: bytes) -> None:
    """Any text as a time stamp, at any instant."""
    text = data.decode("utf-8", "surrogateescape")
    at = LogTime()(text, NOW)
    assert at is None or isinstance(at, float)


_Read = Callable[[str, float], Event | None]


def _fuzz(data: bytes, grammar: Callable[[], _Read], valid: Callable[[str], bool], says: Iterable[str],
          failed: Iterable[str]) -> None:
    read = grammar()
    for line in data.decode("utf-8", "surrogateescape").split("\n"):
        event = read(line, NOW)
        assert event is None or valid(event.id)
        for head in _HEADS:
            for form in says:
                assert (event := grammar()(head + _put(form, line), NOW)) is None, (form, event)
            for form in failed:
                event = grammar()(head + _put(form, line), NOW)
                assert isinstance(event, Attempt), (form, event)
                assert event.outcome is Outcome.DEFERRED, (form, event)


def _put(form: str, text: str) -> str:
    """Text as both MTAs log it: on one line; or as an address that has it in its quotes (RFC 5321, 4.1.2)."""
    logged = "".join(c if c.isprintable() or "\udc80" <= c <= "\udcff" else "?" for c in text)
    if "QUOTED" in form:
        quoted = logged.replace("\\", "\\\\").replace('"', '\\"')
        return form.replace("QUOTED", f'"{quoted}"@example.com')
    return form.replace("TEXT", logged)
