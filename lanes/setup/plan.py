"""What is to be changed so that a mail server and the lanes work together.

A :class:`Target` reads how its configuration is, and says what is missing: that is the plan. It is empty when
nothing is missing, so the same look tells, after the changes, whether they did what they were to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple, Protocol


class SetupError(Exception):
    """It cannot be set up, or undone: what is in the way, where, and what to do."""


class Kind(StrEnum):
    """What a change is about."""

    SETTING = "setting"
    """A key of the lanes' own settings."""
    PARAMETER = "parameter"
    """A parameter of the mail server."""
    SERVICE = "service"
    """One of its services, with its command."""
    OPTION = "option"
    """What holds for one service alone."""
    FILE = "file"
    """All that is in a file."""
    SOURCE = "source"
    """All that is in a file from which another is built, which is changed by that."""
    FOLDER = "folder"
    """A folder, and whose it is."""


class Change(NamedTuple):
    """One thing that is to be otherwise."""

    kind: Kind
    where: Path
    """The file, or the folder, that it is in."""
    name: str
    """Its name there; empty for a whole file, or a folder."""
    before: str
    """Empty if there is none."""
    after: str
    why: str


class Plan(NamedTuple):
    """All that is missing."""

    changes: Sequence[Change]
    notes: Sequence[str] = ()
    """What the administrator has to know, or to do by hand."""
    then: Sequence[str] = ()
    """Commands that put the changes to work."""


class Target(Protocol):
    """A mail server that can be set up. Methods raise :class:`SetupError`, ``MtaError`` or ``OSError``."""

    def plan(self) -> Plan:
        """What is missing now."""

    def backups(self) -> Path:
        """The folder for backups, where only root can write."""

    def carry_out(self, changes: Sequence[Change]) -> None:
        """Make the changes; which files that touches, each change says itself."""

    def check_undo(self) -> None:
        """Raise if mail would be lost by going back to how it was."""

    def check(self) -> None:
        """Raise if the mail server finds fault with its configuration as it is now."""
