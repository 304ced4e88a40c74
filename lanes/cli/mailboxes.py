"""Past mail, message by message, from where people keep it.

Contract: messages come one by one, so a mailbox need not fit into memory; a file that is no message is
a message with no headers, as it would be for the filter. Failure: :class:`OSError` if a file cannot be
read.
"""

from __future__ import annotations

import mailbox
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class Found(NamedTuple):
    """A message and the name by which it can be found again."""

    name: str
    content: bytes


def messages(path: Path) -> Iterator[Found]:
    """The messages of an mbox file, a Maildir, or a folder of one file a message."""
    if path.is_file():
        yield from _mbox(path)
    elif (path / "cur").is_dir() and (path / "new").is_dir():
        yield from _files(sorted([*(path / "new").iterdir(), *(path / "cur").iterdir()]))
    else:
        yield from _files(sorted(file for file in path.rglob("*") if file.is_file()))


def count(path: Path) -> int:
    """How many messages :func:`messages` will find, for a progress bar; reads no message."""
    if path.is_file():
        with path.open("rb") as lines:
            return sum(line.startswith(b"From ") for line in lines)
    return sum(file.is_file() for file in path.rglob("*"))


def _mbox(path: Path) -> Iterator[Found]:
    box = mailbox.mbox(path, create=False)
    for number, key in enumerate(box.iterkeys(), 1):
        yield Found(f"{path.name}:{number}", box.get_bytes(key))


def _files(files: list[Path]) -> Iterator[Found]:
    for file in files:
        yield Found(file.name, file.read_bytes())
