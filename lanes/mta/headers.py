"""The headers of a message in the spool, and who put them there.

Our filter inserts its headers at the top, above the ``Received`` that the MTA itself writes on accepting a
message. What came with the message stands below that. So *where* a header stands tells who wrote it, also if the
filter was away when the message came: nobody but a filter of this MTA can write up there.

Contract: pure. Names and values are as they stand, folded and encoded; bytes that are not UTF-8 are lone
surrogates (PEP 383).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import NamedTuple


class Header(NamedTuple):
    """One header of a message."""

    name: str
    value: str


def added(headers: Iterable[Header], name: str) -> str:
    """The first header of exactly that name that a filter inserted at the top; empty without one."""
    on_top = itertools.takewhile(lambda header: header.name.lower() != "received", headers)
    return next((header.value for header in on_top if header.name == name), "")


def below_received(headers: tuple[Header, ...]) -> tuple[Header, ...]:
    """Without the ``Received`` on top, if one is there: as they were before the last server took the message."""
    return headers[1:] if headers and headers[0].name.lower() == "received" else headers


def first(headers: Iterable[Header], name: str) -> str:
    """The first header of that name (in any case), whoever wrote it; empty without one."""
    return next((header.value for header in headers if header.name.lower() == name.lower()), "")
