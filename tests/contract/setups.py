"""`lanes setup` as its user runs it, on an MTA's configuration with lanes' settings beside it; nothing runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from lanes.cli import cli


class SetUp:
    """``lanes setup MTA`` with the settings in a file."""

    def __init__(self, mta: str, settings: Path) -> None:
        self._mta = mta
        self.settings = settings

    def run(self, *options: str) -> Result:
        return CliRunner().invoke(cli, ["--config", str(self.settings), "setup", self._mta, *options])

    def ask(self, *options: str) -> dict[str, Any]:
        """What it says, as JSON."""
        done = self.run(*options, "--json")
        assert done.exit_code == 0, done.output
        told: dict[str, Any] = json.loads(done.stdout)
        return told


def seen(*paths: Path) -> dict[Path, tuple[bytes, int, float]]:
    """What is in those of the files that are there, their modes and time stamps."""
    return {path: (path.read_bytes(), path.stat().st_mode, path.stat().st_mtime) for path in paths if path.exists()}
