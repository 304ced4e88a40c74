"""The sinks of alerts as types: ``[alerts.sinks.NAME]``, of the ``kind`` that the table says.

As in ``model.py``, structure and units only. A sink is a table that a user adds, so what its author leaves
out has its default here; ``defaults.toml`` shows every kind.
"""

from __future__ import annotations

from typing import Literal

from msgspec import field

from lanes.config.section import Section
from lanes.config.units import Seconds

Severity = Literal["critical", "warning"]

#: The kinds of alerts, as the rules (:mod:`lanes.sla.rules`) have them.
AlertName = Literal["delayed", "overdue", "overdue_held", "filling", "full", "slow", "burn_fast", "burn_slow",
                    "silent", "relay_down", "no_relay"]


class SinkTerms(Section, frozen=True, tag_field="kind"):
    """What every sink has: of what it wants to hear, and how often."""

    at_least: Severity = "warning"
    """The lowest severity that it is told of."""
    alerts: tuple[AlertName, ...] = ()
    """The alerts that it is told of; empty: all."""
    repeat: Seconds = Seconds(4 * 3600)
    """It is told again so often, while an alert fires; 0: never."""
    group: bool = True
    """Whether what fires or clears in one look is told at once, or one by one."""
    timeout: Seconds = Seconds(10)
    """What one try may take."""


class LogSink(SinkTerms, frozen=True, tag="log"):
    """A line for each alert in the notifier's own log."""


class WebhookSink(SinkTerms, frozen=True, kw_only=True, tag="webhook"):
    """The notice as JSON, by POST."""

    url: str
    headers: dict[str, str] = field(default_factory=dict)
    secret: str = ""
    """The key by which the body is signed (HMAC-SHA256); empty: it is not signed."""


class AlertmanagerSink(SinkTerms, frozen=True, kw_only=True, tag="alertmanager"):
    """Prometheus' Alertmanager, by its API v2: it groups, silences and repeats for itself, but forgets what it
    is not told again."""

    url: str
    """Without ``/api/v2/alerts``."""
    headers: dict[str, str] = field(default_factory=dict)
    repeat: Seconds = Seconds(60)


class MailSink(SinkTerms, frozen=True, kw_only=True, tag="mail", rename={"from_": "from"}):
    """Mail by way of the site's own MTA, in the priority lane."""

    from_: str
    to: tuple[str, ...]
    server: str = "127.0.0.1:25"


class CommandSink(SinkTerms, frozen=True, kw_only=True, tag="command"):
    """A program, run without a shell, with the notice as JSON on its standard input."""

    argv: tuple[str, ...]


Sink = LogSink | WebhookSink | AlertmanagerSink | MailSink | CommandSink
