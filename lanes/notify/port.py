"""What every way of telling has in common."""

from __future__ import annotations

from collections.abc import Callable

from lanes.sla.notices import Notice

Tell = Callable[[Notice], str]
"""Hands a notice over; what came of it, in a few words. Raises :class:`SinkError`."""


class SinkError(Exception):
    """The sink did not take a notice; says why."""
