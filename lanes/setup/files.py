"""Files that are replaced whole, so that nobody ever reads half of one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def replace(path: Path, content: bytes, *, mode: int = 0o644, owner: tuple[int, int] | None = None) -> None:
    """Put ``content`` in a file's place; one that is there keeps its mode and owner unless told otherwise.

    Raises :class:`OSError`.
    """
    if owner is None and path.exists():
        found = path.stat()
        mode, owner = found.st_mode & 0o7777, (found.st_uid, found.st_gid)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(handle)
            if owner is not None:
                os.fchown(handle, *owner)
            os.fchmod(handle, mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
