"""Where a cell is tried: this machine, or a Debian of another release in a folder (debootstrap(8)).

Contract: a command of a place sees its own files only, has processes of its own, and takes them all with it when it
ends (``unshare --kill-child``), so that no mount and no process is left behind, however it ended. The network is this
machine's. A folder that is there already is used again.

Failure: :class:`NotBuiltError` with the end of what was said.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.compat.cells import DEBIAN

_MIRROR = "http://deb.debian.org/debian"
#: What commands need of this machine: who is who in the network, and, over what Debian brings, whom to trust.
_NETWORK = ("/etc/resolv.conf", "/etc/hosts")
_TRUSTED = ("/etc/ssl/certs/ca-certificates.crt",)
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_NO_SERVICES = "#!/bin/sh\nexit 101\n"
#: A mirror may be a copy that is some weeks old.
_OLD_MIRROR = 'Acquire::Check-Valid-Until "false";\n'
_TOLD = 600


class NotBuiltError(Exception):
    """A cell cannot be tried here; says why."""


class Place:
    """This machine; ``home`` is where a cell's files are."""

    def __init__(self, home: Path) -> None:
        self.home = self.seen = home
        home.mkdir(parents=True, exist_ok=True)

    def prepare(self) -> None:
        """Make it, if it is not there."""

    def bring_sendmail(self, tree: Path, venv: Path, log: Path) -> None:  # noqa: ARG002 - as in a folder
        """Where tests look for it: this checkout's."""
        (venv / "sendmail").symlink_to(Path(sys.prefix) / "sendmail")

    def run(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> int:
        """Run to the end, in the cell's tree; the exit code. What it says is added to ``log``."""
        with log.open("ab") as file:
            return subprocess.run(self._within(command, environment), stdout=file, stderr=file, check=False).returncode

    def must(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        """Run; :class:`NotBuiltError` if it fails."""
        if self.run(command, environment, log):
            raise NotBuiltError(f"{command[0]}: {log.read_text('utf-8', 'replace')[-_TOLD:].strip()}")

    def _within(self, command: Sequence[str], environment: Mapping[str, str]) -> list[str]:
        return ["env", "--chdir", str(self.seen), *(f"{name}={value}" for name, value in environment.items()), *command]


class Debian(Place):
    """A release in a folder."""

    def __init__(self, root: Path, release: str, name: str) -> None:
        super().__init__(root / "srv" / name)
        self._root, self._release = root, release
        self.seen = Path("/srv") / name

    def prepare(self) -> None:
        """Install it, and what tests need; services are not started."""
        log = self._root.with_suffix(".log")
        if not (self._root / "etc" / "debian_version").exists():
            if not shutil.which("debootstrap"):
                raise NotBuiltError("debootstrap is not installed (apt-get install debootstrap)")
            command = ["debootstrap", "--variant=minbase", self._release, str(self._root), _MIRROR]
            Place(self._root.parent).must(command, {}, log)
        self._bring(_NETWORK)
        policy = self._root / "usr" / "sbin" / "policy-rc.d"
        policy.write_text(_NO_SERVICES, "ascii")
        policy.chmod(0o755)
        (self._root / "etc" / "apt" / "apt.conf.d" / "90compat").write_text(_OLD_MIRROR, "ascii")
        quiet = {"DEBIAN_FRONTEND": "noninteractive"}
        self.must(["apt-get", "update"], quiet, log)
        self.must(["apt-get", "install", "-y", "--no-install-recommends", *DEBIAN], quiet, log)
        self._bring(_TRUSTED)

    def bring_sendmail(self, tree: Path, venv: Path, log: Path) -> None:
        """The release's own."""
        self.must([f"{tree}/contrib/sandbox/unpack_sendmail.sh", f"{venv}/sendmail"], {}, log)

    def _bring(self, files: Sequence[str]) -> None:
        """Files of this machine, to where they are on this machine."""
        for file in files:
            shutil.copy(file, self._root / file[1:])

    def _within(self, command: Sequence[str], environment: Mapping[str, str]) -> list[str]:
        root = shlex.quote(str(self._root))
        known = {"PATH": _PATH, "HOME": "/root", "LC_ALL": "C.UTF-8", **environment}
        inside = ["env", "-i", f"--chdir={self.seen}", *(f"{name}={value}" for name, value in known.items()), *command]
        script = (f"mount -t proc proc {root}/proc && mount --rbind /dev {root}/dev && "
                  f"chroot {root} {shlex.join(inside)}")
        return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script]
