"""What the commands share: the house that the command line names."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from lanes.house import House

#: Read when no ``--config`` is given, if it is there.
DEFAULT_CONFIG = Path("/etc/mta-lanes/lanes.toml")


def with_house(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the :class:`House` as its first argument."""

    @functools.wraps(command)
    @click.pass_obj
    def call(path: Path | None, *args: Any, **kwargs: Any) -> Any:
        return command(House(path), *args, **kwargs)

    return call
