"""What the doctor says."""

from __future__ import annotations

from typing import Literal, NamedTuple

Severity = Literal["wrong", "hint"]
"""``wrong``: it does not work, or will not one day. ``hint``: worth knowing, and maybe meant so."""


class Finding(NamedTuple):
    """One thing that is not as it should be."""

    check: str
    """By which check; ``smtpd_milters``."""
    what: str
    """What is wrong."""
    why: str
    """Why it matters."""
    mend: str = ""
    """The command that mends it, or ..."""
    by_hand: str = ""
    """... what is to be done that is no command, or besides it."""
    severity: Severity = "wrong"


class Unchecked(NamedTuple):
    """What could not be looked at."""

    check: str
    why: str
