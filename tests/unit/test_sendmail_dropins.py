"""systemd finds no fault with our units as they are changed for Sendmail."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

CONTRIB = Path(__file__).parents[2] / "contrib"
#: Drop-in -> the units that docs/sendmail.md gives it to.
DROP_INS = {"filter.conf": ["lanes-milter"], "releases.conf": ["lanes-worker", "lanes-failsafe"]}


def verified(folder: Path) -> str:
    """What `systemd-analyze verify` says of these units, whose program is here another one."""
    units = [folder / f"{unit}.service" for names in DROP_INS.values() for unit in names]
    for drop_in, names in DROP_INS.items():
        for name in names:
            text = (CONTRIB / "systemd" / f"{name}.service").read_text()
            (folder / f"{name}.service").write_text(text.replace("/opt/mta-lanes/bin/lanes", "/bin/true"))
            (folder / f"{name}.service.d").mkdir()
            shutil.copy(CONTRIB / "sendmail" / drop_in, folder / f"{name}.service.d" / "sendmail.conf")
    command = ["systemd-analyze", "verify", "--man=no", *map(str, units)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_all_drop_ins_are_understood(tmp_path: Path) -> None:
    assert verified(tmp_path) == ""


def test_each_is_named_where_administrators_read_of_it() -> None:
    text = (CONTRIB.parent / "docs" / "sendmail.md").read_text()
    names = [*DROP_INS, *(f"{unit}.service.d" for names in DROP_INS.values() for unit in names)]
    assert [name for name in names if name not in text] == []
    assert sorted(path.name for path in (CONTRIB / "sendmail").glob("*.conf")) == sorted(DROP_INS)
