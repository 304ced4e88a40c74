"""A site that is broken, looked at by the doctor, and mended."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Collection
from typing import Any, NamedTuple

from contrib.sandbox.resident import Resident
from contrib.sandbox.site import Site
from contrib.sandbox.wait import wait_until

#: As long as a busy machine may need.
PATIENCE = 60.0


class Patient(NamedTuple):
    """A site, and the command that looks at it."""

    site: Site
    resident: Resident

    def lanes(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command of ours on this site."""
        return self.resident.run(["lanes", "--config", str(self.site.folder / "lanes.toml"), *arguments])

    def diagnosis(self) -> dict[str, Any]:
        """All that the doctor says."""
        told: dict[str, Any] = json.loads(self.lanes("doctor", "--json").stdout)
        return told

    def found(self) -> dict[str, dict[str, str]]:
        """What is wrong, by check."""
        findings = self.diagnosis()["findings"]
        return {finding["check"]: finding for finding in findings if finding["severity"] == "wrong"}

    def finds(self, checks: Collection[str]) -> dict[str, dict[str, str]]:
        """What is wrong, once all of these have found something."""
        def all_of_them() -> dict[str, dict[str, str]]:
            found = self.found()
            return found if set(checks) <= found.keys() else {}

        return wait_until(all_of_them, f"{checks} to be found", PATIENCE, every=0.5)

    def recovers(self) -> None:
        """Wait until nothing is wrong any more."""
        wait_until(lambda: not self.found(), "the site to be well", PATIENCE, every=0.5)

    def mend(self, command: str) -> None:
        """Do what the doctor said, as who was told to."""
        done = self.resident.run(command)
        assert done.returncode == 0, done.stderr
