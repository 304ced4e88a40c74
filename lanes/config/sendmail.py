"""The settings of a Sendmail: ``[mta.sendmail]``."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from lanes.config.errors import ConfigError
from lanes.config.section import Section


class Sendmail(Section, frozen=True):
    """Where one Sendmail keeps its things."""

    binary: str
    cf: str
    mc: str
    """What ``cf`` is built from."""
    queue: str
    """Its ``QueueDirectory``; with ``*``, several."""


def check_sendmail(sendmail: Sendmail, relays: Collection[str]) -> None:
    """What must hold where the MTA is a Sendmail; raises :class:`ConfigError`."""
    for name in ("binary", "cf", "mc", "queue"):
        if not Path(found := getattr(sendmail, name)).is_absolute():
            raise ConfigError(f"found '{found}', allowed: an absolute path", key=f"mta.sendmail.{name}")
    if relays:
        problem = "Sendmail takes no message to the relay that its header names; allowed: none, or mta.kind = postfix"
        raise ConfigError(problem, key="relays")
