"""Postfix's queue ids: what one looks like, and which folder it hashes to.

A *long* id (``enable_long_queue_ids = yes``) is seconds and microseconds in base 52 (digits and
consonants), the separator ``z``, and the inode number in base 51 (the same without ``z``). It is
never used twice. A *short* id is microseconds and inode number in hexadecimal, and is used again
soon, so that a late command can hit another message: sites should have long ones (postsuper(1)).

Source: postconf(5) ``enable_long_queue_ids``, ``hash_queue_depth``; Postfix's ``mail_queue.h``.
"""

from __future__ import annotations

import re

_BASE52 = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz"
_MICROSECONDS = 4
"""Base 52 digits of the microseconds in a long id: the last ones before the separator."""

LONG_OR_SHORT = rf"(?:[{_BASE52}]{{10,16}}z[{_BASE52[:-1]}]{{1,12}}|[0-9A-F]{{6,21}})"
"""A pattern for either kind, for use in larger ones."""

_VALID = re.compile(LONG_OR_SHORT)
_LONG = re.compile(rf"[{_BASE52}]{{10,16}}z[{_BASE52[:-1]}]{{1,12}}")


def valid(id: str) -> bool:
    """Whether ``id`` is a queue id, whole and nothing else: no path, no option, no ``ALL``."""
    return _VALID.fullmatch(id) is not None


def instant(id: str) -> float | None:
    """When a message got a long ``id`` (Unix time in seconds, to the microsecond); a short one does not tell."""
    if not _LONG.fullmatch(id):
        return None
    digits = id.rpartition("z")[0]
    return _number(digits[:-_MICROSECONDS]) + _microseconds(id) / 1e6


def hashed(id: str, depth: int) -> str:
    """The folders under a hashed queue that hold ``id``: ``"A/7/"`` at depth 2.

    They are the first digits of the id's microseconds in hexadecimal, which a short id begins
    with; a folder beyond the five digits of a long id's microseconds is named ``_``.
    """
    digits = f"{_microseconds(id):05X}" if _LONG.fullmatch(id) else id
    return "".join(f"{digit}/" for digit in digits[:depth].ljust(depth, "_"))


def _microseconds(long_id: str) -> int:
    return _number(long_id.rpartition("z")[0][-_MICROSECONDS:])


def _number(digits: str) -> int:
    value = 0
    for digit in digits:
        value = value * len(_BASE52) + _BASE52.index(digit)
    return value
