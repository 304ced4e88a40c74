"""What every private mail server of the sandbox is and can do, whichever it is.

Contract: it lives in one folder and takes mail on one port of loopback. Whatever was started is gone after
:meth:`PrivateMta.stop`. A folder that was given stays; one that was made for it goes with it.

Failure: :class:`SandboxError`, in one line, if this machine cannot have it, or if it does not come up.
"""

from __future__ import annotations

import shutil
import tempfile
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Self

from contrib.sandbox.ports import free_port
from contrib.sandbox.wait import wait_for_greeting, wait_until


class SandboxError(Exception):
    """The sandbox cannot be set up on this machine; says why and what would help."""


class PrivateMta(ABC):
    """A mail server of one's own; a context manager that starts and stops it."""

    def __init__(self, name: str, folder: Path | None) -> None:
        self._temporary = folder is None
        self.root = (folder or Path(tempfile.mkdtemp(prefix=f"private-{name}-"))).resolve()
        """All that is its own is below."""
        self.port = free_port()
        """Where it takes mail, by SMTP on loopback."""

    @property
    @abstractmethod
    def log_path(self) -> Path:
        """The log file."""

    @property
    @abstractmethod
    def settings(self) -> str:
        """What mta-lanes has to be told of it, as TOML."""

    @abstractmethod
    def write_files(self) -> None:
        """Make the folders and write the configuration; the spool is left as it is."""

    @abstractmethod
    def start(self) -> None:
        """Start it on the spool as it is, and wait until it takes mail."""

    @abstractmethod
    def stop(self) -> None:
        """End all its processes: asked first, then forced. Harmless if it is not running."""

    @abstractmethod
    def kill(self) -> None:
        """Kill all its processes at once, as a power cut would."""

    @abstractmethod
    def queue(self, name: str) -> list[str]:
        """The ids of the messages that are on ``hold``, or ``deferred``."""

    def __enter__(self) -> Self:
        try:
            self.write_files()
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        if self._temporary:
            shutil.rmtree(self.root, ignore_errors=True)

    @property
    def log(self) -> str:
        """What it has logged so far."""
        return self.log_path.read_text("utf-8", "replace") if self.log_path.exists() else ""

    def restart(self) -> None:
        """Stop and start."""
        self.stop()
        self.start()

    def wait_until_ready(self, timeout: float = 10.0) -> None:
        """Until it greets SMTP clients."""
        wait_for_greeting(self.port, timeout)

    def wait_for_log(self, text: str, timeout: float = 10.0) -> None:
        """Until the log has ``text`` in it; it may be written by a process of its own, a little later."""
        wait_until(lambda: text in self.log, f"{text!r} in the log", timeout)
