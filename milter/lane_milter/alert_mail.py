"""Our own mail about alerts, which passes without being counted in anything that alerts are judged by.

It would else be the next thing to tell of: an alert about mail that waits is itself mail that waits. It is
known by its header, by having no envelope sender, and by going to nobody but those whom a sink of these
settings writes to. So who forges it gains nothing, but that mail to these people is not held.
"""

from __future__ import annotations

from lanes.config import Settings
from lanes.config.sinks import MailSink
from lanes.message import ALERT_HEADER, Message

_HEADER = ALERT_HEADER.lower()


class AlertMail:
    """Tells our own mail about alerts from all other; safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        sinks = (sink for sink in settings.alerts.sinks.values() if isinstance(sink, MailSink))
        self._readers = frozenset(address.lower() for sink in sinks for address in sink.to)

    def __call__(self, message: Message) -> bool:
        """Whether a message is an alert of ours."""
        return (
            bool(self._readers)
            and not message.sender
            and all(recipient.lower() in self._readers for recipient in message.recipients)
            and any(name.lower() == _HEADER for name, _ in message.headers)
        )
