"""What every private mail server of the sandbox can do, whichever it is."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, Self


class SandboxError(Exception):
    """The sandbox cannot be set up on this machine; says why and what would help."""


class PrivateMta(Protocol):
    """A mail server of one's own; a context manager that starts and stops it."""

    port: int
    """Where it takes mail, by SMTP on loopback."""

    @property
    def log_path(self) -> Path:
        """The log file."""

    @property
    def log(self) -> str:
        """What it has logged so far."""

    @property
    def settings(self) -> str:
        """What mta-lanes has to be told of it, as TOML."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def write_files(self) -> None:
        """Make the folders and write the configuration; the spool is left as it is."""

    def start(self) -> None:
        """Start it on the spool as it is, and wait until it takes mail."""

    def stop(self) -> None:
        """End all its processes: asked first, then forced. Harmless if it is not running."""

    def kill(self) -> None:
        """Kill all its processes at once, as a power cut would."""

    def restart(self) -> None:
        """Stop and start."""

    def wait_for_log(self, text: str, timeout: float = 10.0) -> None:
        """Until the log has ``text`` in it."""

    def queue(self, name: str) -> list[str]:
        """The ids of the messages that are on ``hold``, or ``deferred``."""
