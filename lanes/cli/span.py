"""A duration on the command line."""

from __future__ import annotations

from typing import Any

import click

from lanes.config.units import parse_seconds


class Span(click.ParamType[float]):
    """A duration, as in the settings."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """As seconds."""
        try:
            return parse_seconds(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
