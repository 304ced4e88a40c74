"""Sendmail's queue ids: what one looks like.

An id is year, month, day, hour, minute and second, a digit of base 60 each, a running number of two such digits,
and the process id in six decimal digits or more: ``6AO7kXUw024030``. It is not used twice within sixty years.
Files bear it behind two letters: ``qf`` for a message that waits, ``hf`` for one that is on hold, ``df`` for a body.

Source: Sendmail's ``queue.c`` (``assign_queueid``), and the Operations Guide, appendix B.
"""

from __future__ import annotations

import re

PATTERN = r"[0-9A-Za-x]{8}\d{6,10}"
"""A pattern for use in larger ones."""

_VALID = re.compile(PATTERN, re.ASCII)


def valid(id: str) -> bool:
    """Whether ``id`` is a queue id, whole and nothing else: no path, no option, no part of one."""
    return _VALID.fullmatch(id) is not None
