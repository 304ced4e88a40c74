"""The man pages, by the name of their file."""

from __future__ import annotations

from collections.abc import Callable

from contrib.man.roff import man
from lanes.cli.reference import reference
from lanes.config.reference.page import page

PAGES: dict[str, Callable[[], str]] = {
    "lanes.1": lambda: man("lanes", 1, "priority lanes, deadlines and SLA signalling for a mail server", reference(),
                           also=("lanes.toml(5)", "postfix(1)", "postsuper(1)")),
    "lanes.toml.5": lambda: man("lanes.toml", 5, "settings of mta-lanes", page(), also=("lanes(1)", "postconf(5)")),
}
