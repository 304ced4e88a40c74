"""Mail to people, by way of the site's own MTA and its lanes: it asks for the urgent one.

Mail about mail must not become the next thing to tell of. So it has no envelope sender, and never bounces
(RFC 5321, 4.5.5), and bears :data:`~lanes.message.ALERT_HEADER`, by which our filter lets it pass without
counting it in anything that alerts are judged by.

Failure: as for every sink. If the MTA takes it for some of the recipients, it was told: trying again would
tell those twice.
"""

from __future__ import annotations

import smtplib
import socket
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import partial

from lanes.config.sinks import MailSink
from lanes.message import ALERT_HEADER, PRIORITY_HEADER, printable
from lanes.notify.port import SinkError, Tell
from lanes.notify.words import subject, text
from lanes.sla.notices import Notice

URGENT = "urgent"
#: A header stays on one line as long as it may (RFC 5322, 2.1.1).
_POLICY = SMTP.clone(max_line_length=998)


def mail(sink: MailSink) -> Tell:
    """Tells these people."""
    return partial(_tell, sink)


def _tell(sink: MailSink, notice: Notice) -> str:
    host, _, port = sink.server.rpartition(":")
    try:
        with smtplib.SMTP(host.strip("[]"), int(port), socket.gethostname(), sink.timeout) as server:
            refused = server.sendmail("", sink.to, _message(sink, notice).as_bytes())
    except (OSError, smtplib.SMTPException) as error:
        raise SinkError(_why(error)) from None
    return f"taken for {len(sink.to) - len(refused)} of {len(sink.to)} recipients"


def _message(sink: MailSink, notice: Notice) -> EmailMessage:
    message = EmailMessage(policy=_POLICY)
    message["From"] = sink.from_
    message["To"] = ", ".join(sink.to)
    message["Subject"] = subject(notice)
    message["Date"] = format_datetime(datetime.fromtimestamp(notice.at, UTC))
    message["Message-ID"] = f"<{notice.id}@{sink.from_.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message[PRIORITY_HEADER] = URGENT
    message[ALERT_HEADER] = notice.mta
    message.set_content(text(notice))
    return message


def _why(error: Exception) -> str:
    """What the MTA said: smtplib's own words for it are Python's."""
    replies: list[tuple[int, bytes | str]] = []
    if isinstance(error, smtplib.SMTPResponseException):
        replies = [(error.smtp_code, error.smtp_error)]
    elif isinstance(error, smtplib.SMTPRecipientsRefused):
        replies = list(error.recipients.values())
    for code, said in replies:
        reply = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
        return printable(f"the MTA answered {code} {reply}")
    return printable(f"{type(error).__name__}: {error}")
