"""Everything at a glance, for who watches: what ``lanes status`` shows, and the dashboard."""

from __future__ import annotations

from lanes.answers import Answer, Instant
from lanes.answers.alerts import Alert
from lanes.answers.domains import Domain
from lanes.answers.lanes import Lane, Window
from lanes.answers.messages import Message


class Overview(Answer, frozen=True, kw_only=True):
    """An MTA at an instant."""

    mta: str
    at: Instant
    window: Window
    lanes: list[Lane]
    """The most urgent first."""
    domains: list[Domain]
    """The batches that form, those with most mail first."""
    alerts: list[Alert]
    """What is wrong, the gravest first."""
    decisions: list[Message]
    """The last ones, the newest first."""
