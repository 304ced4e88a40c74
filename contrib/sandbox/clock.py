"""A wall clock of one's own for programs that are started with its environment; it can be stepped while they run.

Contract: by a library that is preloaded (``clock_preload.c``), which is built when it is first needed. Waits and
CLOCK_MONOTONIC go on as they were, as when the kernel's clock is stepped. Failure: :class:`RuntimeError` if there is
no compiler.
"""

from __future__ import annotations

import functools
import struct
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Self

_SOURCE = Path(__file__).with_name("clock_preload.c")
_SECOND = 1_000_000_000


class Clock:
    """The clock; a context manager. It is right until it is set."""

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="clock-")
        self._offset = Path(self._folder.name) / "offset"
        self._offset.write_bytes(bytes(8))
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    @property
    def environment(self) -> Mapping[str, str]:
        """What a program has to have in its environment to go by it."""
        return {"LD_PRELOAD": f"{_library().name}/clock.so", "CLOCK_OFFSET_FILE": str(self._offset)}

    def set(self, ahead: float) -> None:
        """From now on it is so many seconds ahead of the right time; behind it if less than 0."""
        with self._offset.open("r+b", buffering=0) as file:
            file.write(struct.pack("=q", round(ahead * _SECOND)))


@functools.cache
def _library() -> tempfile.TemporaryDirectory[str]:
    """The folder of the library, which goes with this process."""
    folder = tempfile.TemporaryDirectory(prefix="clock-library-")
    command = ["gcc", "-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o", f"{folder.name}/clock.so", str(_SOURCE)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    if built.returncode:
        raise RuntimeError(f"cannot build {_SOURCE}: {built.stderr}")
    return folder
