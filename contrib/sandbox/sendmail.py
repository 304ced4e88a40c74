"""A private Sendmail: a real one, with its own configuration, queue, log and port on loopback.

Contract: nothing of ``/etc/mail`` is read or changed, and no name is looked up in DNS. Debian's packages cannot
be installed beside Postfix, so they are unpacked (``contrib/sandbox/unpack_sendmail.sh``). Its configuration is made
by m4 from what a site is told to use (``contrib/sendmail/mta-lanes.m4``). Its log is a file, written in syslog's
stead (``sendmail_preload.c``), also by the commands that are run by way of :attr:`PrivateSendmail.program`. Whatever
was started is gone after :meth:`PrivateSendmail.stop`, which also runs at exit: those are its processes that work
in its queue, for each that delivers becomes the leader of a session of its own.

Failure: :class:`~contrib.sandbox.mta.SandboxError`, in one line, if Sendmail is not unpacked, we are not root, or it
does not come up; then with the end of its log.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from contrib.sandbox.mta import PrivateMta, SandboxError
from contrib.sandbox.postfix_files import Milter
from contrib.sandbox.sendmail_files import Folders, asking, sendmail_mc, wrapper
from contrib.sandbox.wait import wait_until

UNPACKED = Path(sys.prefix) / "sendmail"
_BINARY = UNPACKED / "usr/libexec/sendmail/sendmail"
_CF = UNPACKED / "usr/share/sendmail/cf"
_PRELOAD = UNPACKED / "preload.so"
_LETTERS = {"hold": "hf", "deferred": "qf"}


class PrivateSendmail(PrivateMta):
    """A Sendmail of one's own; a context manager that starts and stops it.

    ``outside`` is the port on loopback that all mail is sent to. ``lines`` are added to ``sendmail.mc``. The queue is
    one directory, or several, ``q1/qf``, ``q1/df`` and so on, if ``directories`` names them. ``folder`` is kept
    afterwards; without one, a temporary folder is made and removed. One that is not ``set_up`` knows of no filter.
    """

    def __init__(self, outside: int, *, milter: Milter | None = None, lines: str = "",
                 directories: Sequence[str] = (), folder: Path | None = None, set_up: bool = True) -> None:
        if os.geteuid() != 0:
            raise SandboxError("a private Sendmail needs root: it changes to users of its own (try sudo)")
        if not _PRELOAD.exists():
            raise SandboxError(f"no Sendmail in {UNPACKED}: contrib/setup.sh unpacks it")
        super().__init__("sendmail", folder)
        self.folders = Folders(self.root)
        self._outside, self._lines, self._directories = outside, lines, directories
        self._milter = milter.address if milter else f"local:{self.folders.root}/nobody-listens"
        self._asks = set_up
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def program(self) -> Path:
        """The ``sendmail`` command of this instance, which logs where it does."""
        return self.folders.program

    @property
    def cf(self) -> Path:
        """Its configuration file."""
        return self.folders.cf

    @property
    def log_path(self) -> Path:
        """The log file."""
        return self.folders.log

    @property
    def settings(self) -> str:
        """What mta-lanes has to be told of it, as TOML."""
        return (
            'mta.kind = "sendmail"\n'
            f'mta.sendmail.binary = "{self.program}"\n'
            f'mta.sendmail.cf = "{self.cf}"\n'
            f'mta.sendmail.mc = "{self.folders.mc}"\n'
            f'mta.sendmail.queue = "{self._queue}"\n'
            f'mta.log = "{self.log_path}"\n'
        )

    def write_files(self) -> None:
        """Make the folders and the configuration; the queue is left as it is."""
        for path, mode in self.folders.modes(self._directories).items():
            path.mkdir(parents=True, exist_ok=True)
            path.chmod(mode)
        lines = [*(asking(self._milter) if self._asks else ()), self._lines]
        text = sendmail_mc(self.folders, _CF, self._queue, self.port, self._outside, lines)
        self.folders.mc.write_text(text, "utf-8")
        self.build()
        self.folders.switch.write_text("hosts files\naliases files\n", "utf-8")
        self.folders.hosts.write_text("127.0.0.1 localhost\n", "utf-8")
        self.program.write_text(wrapper(_BINARY, _PRELOAD, self.log_path), "utf-8")
        self.program.chmod(0o755)
        self.log_path.touch()

    def build(self) -> None:
        """Build the configuration of its source, as it is, by m4."""
        done = subprocess.run(["m4", self.folders.mc], capture_output=True, text=True, check=False)
        if done.returncode:
            raise SandboxError(f"m4 failed with {done.returncode}: {done.stderr.strip()}")
        self.cf.write_text(done.stdout, "utf-8")

    def start(self) -> None:
        """Start it on the queue as it is, and wait until it takes mail."""
        atexit.register(self.stop)
        with self.folders.words.open("wb") as words:
            self._process = subprocess.Popen([self.program, "-C", self.cf, "-bD", "-q1h"], cwd=self.folders.queue,
                                             stdin=subprocess.DEVNULL, stdout=words, stderr=words)
        try:
            self.wait_until_ready()
        except TimeoutError as error:
            said = self.folders.words.read_text("utf-8", "replace")
            raise SandboxError(f"Sendmail did not start: {said}\n{self.log[-2000:]}") from error

    def stop(self) -> None:
        """End all its processes: asked first, then forced. Harmless if it is not running."""
        atexit.unregister(self.stop)
        self._signal(signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            wait_until(lambda: not self.processes(), "Sendmail to end", 5)
        self.kill()

    def kill(self) -> None:
        """Kill all its processes at once, as a power cut would."""
        wait_until(lambda: not self._signal(signal.SIGKILL), "Sendmail to die")
        if self._process:
            self._process.wait()
        self._process = None

    def processes(self) -> list[int]:
        """The ids of its processes: those that work in its queue."""
        return [int(link.parent.name) for link in Path("/proc").glob("[0-9]*/cwd") if self._is_ours(link)]

    def _is_ours(self, link: Path) -> bool:
        with contextlib.suppress(OSError):
            return link.readlink().is_relative_to(self.folders.queue)
        return False

    def _signal(self, number: signal.Signals) -> list[int]:
        """Send all of them a signal; who they were."""
        processes = self.processes()
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, number)
        return processes

    def queue(self, name: str) -> list[str]:
        """The ids of the messages on ``hold``, or ``deferred``: waiting for a try, or in one."""
        letter = _LETTERS[name]
        return [path.name.removeprefix(letter) for path in self.folders.queue.rglob(f"{letter}*")]

    def command(self, *arguments: str, text: str = "") -> str:
        """Run ``sendmail`` on this instance; what it printed, on both outputs."""
        done = subprocess.run([self.program, "-C", self.cf, *arguments], input=text, capture_output=True, text=True,
                              check=False)
        if done.returncode:
            raise SandboxError(f"sendmail {' '.join(arguments)} failed with {done.returncode}: {done.stderr.strip()}")
        return done.stdout + done.stderr

    @property
    def _queue(self) -> str:
        """``QueueDirectory``."""
        return f"{self.folders.queue}/q*" if self._directories else str(self.folders.queue)
