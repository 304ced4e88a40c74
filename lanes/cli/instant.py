"""An instant on the command line: a date, RFC 3339, or a duration before now."""

from __future__ import annotations

import contextlib
import time
from datetime import datetime
from typing import Any

import click

from lanes.config.units import parse_seconds
from lanes.policy.instants import parse_instant


class Instant(click.ParamType[float]):
    """``2026-11-23`` (from midnight in the machine's own zone), ``2026-11-23T09:30:00Z``, or ``7d``: so long ago."""

    name = "instant"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """As Unix time in seconds."""
        if isinstance(value, float):
            return value
        for read in (_ago, parse_instant, _date):
            with contextlib.suppress(ValueError):
                return read(value)
        allowed = "a date such as 2026-11-23, an instant such as 2026-11-23T09:30:00Z, or a duration such as 7d"
        raise click.BadParameter(f"found {value!r}, allowed: {allowed}", ctx, param)


def _ago(text: str) -> float:
    return time.time() - parse_seconds(text)


def _date(text: str) -> float:
    return datetime.strptime(text, "%Y-%m-%d").astimezone().timestamp()
