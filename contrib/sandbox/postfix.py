"""A private Postfix: a real one, with its own configuration, spool, log and port on loopback.

Contract: nothing of ``/etc/postfix`` is read or changed, and the machine's own Postfix, running or
not, is not met: ``master`` is started on our configuration directly (``MAIL_CONFIG``), since the
``postfix`` command's own script first asks the default configuration about other instances.
Several can run side by side. Whatever was started is gone after :meth:`PrivatePostfix.stop`, which
also runs at exit: ``master`` leads a process group, and the group is ended as a whole.

Failure: :class:`SandboxError`, in one line, if Postfix is not installed, we are not root (Postfix
changes users, so it needs that), or it does not come up; then with the end of its log.
"""

from __future__ import annotations

import atexit
import grp
import os
import pwd
import shutil
import signal
import stat
import subprocess
from collections.abc import Mapping
from pathlib import Path

from contrib.sandbox.group import end_group, kill_group
from contrib.sandbox.mta import PrivateMta, SandboxError
from contrib.sandbox.postfix_files import Folders, Milter, Relay, lane_routes, main_cf, master_cf

__all__ = ["Milter", "PrivatePostfix", "Relay", "SandboxError"]

_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_OWN = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved", "trace")


class PrivatePostfix(PrivateMta):
    """A Postfix of one's own; a context manager that starts and stops it.

    ``outside`` is the port on loopback that all mail is sent to. ``relays`` are further transports,
    by the name that ``X-Lane-Route`` chooses them with. ``parameters`` are added to ``main.cf``.
    ``folder`` is kept afterwards; without one, a temporary folder is made and removed.
    """

    def __init__(self, outside: int, *, relays: Mapping[str, Relay] | None = None, milter: Milter | None = None,
                 parameters: Mapping[str, str] | None = None, folder: Path | None = None) -> None:
        _require_root()
        _command("postconf")
        super().__init__("postfix", folder)
        self.folders = Folders(self.root)
        self._outside, self._relays, self._milter = outside, dict(relays or {}), milter
        self._parameters = dict(parameters or {})
        self._group = 0

    @property
    def config(self) -> Path:
        """The configuration folder: ``postsuper -c`` and its kin take it."""
        return self.folders.config

    @property
    def log_path(self) -> Path:
        """The log file (``maillog_file``)."""
        return self.folders.log

    @property
    def settings(self) -> str:
        """What mta-lanes has to be told of it, as TOML."""
        return f'mta.config_directory = "{self.config}"\nmta.log = "{self.log_path}"\n'

    def write_files(self) -> None:
        """Make the folders and write the configuration; the spool is left as it is."""
        _require_way_in(self.folders.root)
        _make_folders(self.folders)
        files = {
            self.config / "main.cf": main_cf(self.folders, self._outside, self._relays, self._milter, self._parameters),
            self.config / "master.cf": master_cf(self.port, self._relays),
            self.folders.routes: lane_routes(self._outside, self._relays),
        }
        for path, text in files.items():
            path.write_text(text, "utf-8")
            # Postfix waits two seconds for a file that was changed just now, lest it read half of it.
            os.utime(path, (path.stat().st_mtime - 60,) * 2)

    def start(self) -> None:
        """Start it on the spool as it is, and wait until it takes mail."""
        atexit.register(self.stop)
        master = Path(self.setting("daemon_directory")) / "master"
        started = self._run([str(master), "-w"])
        if started.returncode:
            raise SandboxError(f"Postfix did not start: {started.stderr.strip()}\n{self.log[-2000:]}")
        self._group = self._master_pid()
        self.wait_until_ready()

    def stop(self) -> None:
        """End all its processes: asked first, then forced. Harmless if it is not running."""
        atexit.unregister(self.stop)
        if self._group:
            end_group(self._group)
        self._group = 0

    def reload(self) -> None:
        """As ``postfix reload``: master and its children read their files, and open the log, anew."""
        os.kill(self._master_pid(), signal.SIGHUP)

    def kill(self) -> None:
        """Kill master and all its children at once, as a power cut would."""
        if self._group:
            kill_group(self._group)
        self._group = 0

    def queue(self, name: str) -> list[str]:
        """The ids of the messages in one queue of the spool: ``hold``, ``deferred`` and so on."""
        return [file for _, _, files in os.walk(self.folders.queue / name) for file in files]

    def setting(self, name: str) -> str:
        """The value of a ``main.cf`` parameter, as Postfix sees it."""
        return self._checked([_command("postconf"), "-hx", name]).stdout.strip()

    def command(self, name: str, *arguments: str, text: str = "") -> str:
        """Run one of Postfix's commands on this instance; what it printed, on both outputs."""
        done = self._checked([_command(name), *arguments], text)
        return done.stdout + done.stderr

    def kick(self, service: str = "qmgr", message: str = "D") -> None:
        """Wake a service by postkick(1); ``D``: the queue manager looks through the deferred queue, ``I``: incoming;
        with ``A`` also at what is not due.

        Its exit code says nothing: it is often killed by SIGPIPE, when the service has hung up
        on reading the message, before its closing null byte was sent.
        """
        self._run([_command("postkick"), "public", service, message])

    def _checked(self, command: list[str], text: str = "") -> subprocess.CompletedProcess[str]:
        done = self._run(command, text)
        if done.returncode:
            raise SandboxError(f"{' '.join(command)} failed with {done.returncode}: {done.stderr.strip()}")
        return done

    def _run(self, command: list[str], text: str = "") -> subprocess.CompletedProcess[str]:
        environment = {"PATH": _SYSTEM_PATH, "MAIL_CONFIG": str(self.config), "LC_ALL": "C"}
        return subprocess.run(command, input=text, env=environment, capture_output=True, text=True, check=False)

    def _master_pid(self) -> int:
        return int((self.folders.queue / "pid" / "master.pid").read_text().split()[0])


def _require_root() -> None:
    if os.geteuid() != 0:
        raise SandboxError("a private Postfix needs root: Postfix changes to its own users (try sudo)")


def _require_way_in(folder: Path) -> None:
    for parent in folder.parents:
        if not parent.stat().st_mode & stat.S_IXOTH:
            raise SandboxError(f"Postfix's own user cannot enter {parent}: choose a folder that is open to others")


def _command(name: str) -> str:
    found = shutil.which(name, path=_SYSTEM_PATH)
    if not found:
        raise SandboxError(f"'{name}' not found: Postfix is not installed (Debian: apt-get install postfix)")
    return found


def _make_folders(folders: Folders) -> None:
    """The folders of postfix-files(5), with its owners and modes."""
    owner, group = pwd.getpwnam("postfix"), grp.getgrnam("postdrop")
    for path in (folders.root, folders.config, folders.log.parent, folders.queue, folders.queue / "pid"):
        _folder(path, 0o755, 0, 0)
    for path in (folders.data, *(folders.queue / name for name in _OWN)):
        _folder(path, 0o700, owner.pw_uid, owner.pw_gid)
    _folder(folders.queue / "public", 0o710, owner.pw_uid, group.gr_gid)
    _folder(folders.queue / "maildrop", 0o730, owner.pw_uid, group.gr_gid)


def _folder(path: Path, mode: int, user: int, group: int) -> None:
    path.mkdir(parents=True, exist_ok=True)
    os.chown(path, user, group)
    path.chmod(mode)
