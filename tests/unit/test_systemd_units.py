"""systemd finds no fault with our units."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

UNITS = sorted((Path(__file__).parents[2] / "contrib" / "systemd").iterdir())
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
TALKING = [unit for unit in SERVICES if "Type=notify" in unit.read_text()]


def verified(folder: Path, *changes: tuple[str, str]) -> str:
    """What `systemd-analyze verify` says of all units, whose program is here another one."""
    for unit in UNITS:
        text = unit.read_text()
        for old, new in (("/opt/mta-lanes/bin/lanes", "/bin/true"), *changes):
            text = text.replace(old, new)
        (folder / unit.name).write_text(text)
    command = ["systemd-analyze", "verify", "--man=no", *(str(folder / unit.name) for unit in UNITS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_all_units_are_understood(tmp_path: Path) -> None:
    assert verified(tmp_path) == ""


def test_one_that_is_not_would_be_noticed(tmp_path: Path) -> None:
    assert "Unknown key 'WatchdogSek'" in verified(tmp_path, ("WatchdogSec", "WatchdogSek"))


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.stem)
def test_a_unit_is_closed_to_the_rest_of_the_host(tmp_path: Path, unit: Path) -> None:
    verified(tmp_path)
    command = ["systemd-analyze", "security", "--offline=yes", "--threshold=50", str(tmp_path / unit.name)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    level = re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)
    assert level, done.stderr
    assert float(level[1]) <= 5.0
    assert done.returncode == 0


@pytest.mark.parametrize("unit", TALKING, ids=lambda unit: unit.stem)
def test_who_is_heard_of_speaks_for_itself_and_comes_back(unit: Path) -> None:
    # Given a unit that says that it is at work, Then only its own process may
    text = unit.read_text()
    assert "NotifyAccess=main" in text
    assert "Restart=always" in text
