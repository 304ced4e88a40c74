"""Which sink is told in which way."""

from __future__ import annotations

from typing import assert_never

from lanes.config.sinks import AlertmanagerSink, CommandSink, LogSink, MailSink, Sink, WebhookSink
from lanes.notify.alertmanager import alertmanager
from lanes.notify.command import command
from lanes.notify.lines import lines
from lanes.notify.mail import mail
from lanes.notify.port import Tell
from lanes.notify.webhook import webhook


def way_to(sink: Sink) -> Tell:
    """The way to a sink of the settings."""
    match sink:
        case LogSink():
            return lines
        case WebhookSink():
            return webhook(sink)
        case AlertmanagerSink():
            return alertmanager(sink)
        case MailSink():
            return mail(sink)
        case CommandSink():
            return command(sink)
        case _:
            assert_never(sink)
