"""Lines in the notifier's own log: one for each alert of a notice."""

from __future__ import annotations

import structlog

from lanes.notify.words import alert_as_json
from lanes.sla.notices import Notice

log = structlog.get_logger("lanes.notify")


def lines(notice: Notice) -> str:
    """Tells whoever reads the log."""
    for state in notice.alerts:
        words = alert_as_json(state)
        log.warning("alert", of=notice.mta, measure=words.pop("level"), **words)  # a line's level is how grave it is
    return f"{len(notice.alerts)} in the log"
