"""A disk of one's own that can be full: a small tmpfs(5) on a folder.

Contract: what is written there is gone after ``with``. :meth:`Volume.fill` leaves no byte free.
Failure: :class:`~contrib.sandbox.mta.SandboxError` if mounting is not allowed here, as in most containers.
"""

from __future__ import annotations

import errno
import subprocess
from io import FileIO
from pathlib import Path
from typing import Self

from contrib.sandbox.mta import SandboxError

_BALLAST = "ballast"


class Volume:
    """A tmpfs of so many MiB on a folder that exists; a context manager that mounts and unmounts it."""

    def __init__(self, folder: Path, size: int) -> None:
        self.folder = folder
        self._size = size

    def __enter__(self) -> Self:
        command = ["mount", "-t", "tmpfs", "-o", f"size={self._size}m,mode=0755", "sandbox", str(self.folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SandboxError(f"cannot mount a tmpfs on {self.folder}: {done.stderr.strip()}")
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run(["umount", "--lazy", str(self.folder)], check=False)

    def fill(self) -> None:
        """Take all that is free."""
        with (self.folder / _BALLAST).open("ab", buffering=0) as ballast:
            for size in (1 << 20, 1 << 12):
                _write_until_full(ballast, bytes(size))

    def empty(self) -> None:
        """Give it back. Harmless if it was not filled."""
        (self.folder / _BALLAST).unlink(missing_ok=True)


def _write_until_full(file: FileIO, block: bytes) -> None:
    try:
        while True:
            file.write(block)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
