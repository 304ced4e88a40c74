"""A whole site on loopback: a private Postfix or Sendmail, Redis, and the programs of mta-lanes around it.

Contract: everything is in one folder and one process group each; programs are real processes,
started by the ``lanes`` command with a settings file, so that they can be killed and started again
one by one. Logs are in the site's folder.

Failure: :class:`TimeoutError` if a program does not come up, with the end of its log.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Self

from contrib.sandbox.mail import Mail, send, send_all
from contrib.sandbox.mta import PrivateMta
from contrib.sandbox.postfix import Milter, PrivatePostfix, Relay
from contrib.sandbox.redis import PrivateRedis
from contrib.sandbox.wait import wait_until
from lanes.config import Settings, load
from lanes.services.up import PROGRAMS
from lanes.services.up import programs as programs_of
from lanes.store.alerts import Alerts
from lanes.store.connect import connect
from lanes.store.store import Store
from lanes.store.views import Views

EVERYTHING = ("up",)


class Site:
    """A site; a context manager that starts and stops it.

    ``outside`` is the port on loopback where all mail goes; ``settings`` is TOML laid over what the
    site itself needs; ``programs`` are started, others may be later. With :data:`EVERYTHING`, one
    ``lanes up`` starts them all, with its embedded Redis; otherwise Redis is a private one, or the one
    at ``redis_url``, which sites of other names (``mta``) may share. ``server`` makes another mail server than
    the Postfix that ``relays`` and ``parameters`` are for. ``data_dir`` is a folder for the programs' own data,
    where it is not to be the site's; ``environments`` have what a program is to find in its environment, by name.
    """

    def __init__(self, outside: int, settings: str = "", *, programs: Sequence[str] = PROGRAMS,
                 relays: Mapping[str, Relay] | None = None, parameters: Mapping[str, str] | None = None,
                 mta: str = "mx1", redis_url: str = "", server: Callable[..., PrivateMta] | None = None,
                 data_dir: Path | None = None, environments: Mapping[str, Mapping[str, str]] | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="lanes-site-"))
        self.folder.chmod(0o755)
        self.redis = PrivateRedis()
        self._shared = redis_url
        self._data_dir = data_dir or self.folder
        self._environments = environments or {}
        self.programs = programs
        socket = self.folder / "milter" / "milter.sock"
        socket.parent.mkdir()
        make = server or partial(PrivatePostfix, relays=relays, parameters=parameters)
        self.mta = make(outside, milter=Milter(f"unix:{socket}"), folder=self.folder / "mta")
        self._settings_file = self.folder / "lanes.toml"
        # A busy machine must not make the filter fail open where nobody asks how long it waits for Redis.
        patience = "" if "milter.budget" in settings else 'milter.budget = "10s"\n'
        unserved = "" if "web.listen" in settings else 'web.listen = ""\n'
        self._settings_file.write_text(self._own_settings(mta, socket) + patience + unserved + settings, "utf-8")
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._starts: Counter[str] = Counter()

    def _own_settings(self, mta: str, socket: Path) -> str:
        url = "embedded" if self.programs == EVERYTHING else self._shared or self.redis.url
        return (
            f'data_dir = "{self._data_dir}"\n'
            f'redis.url = "{url}"\n'
            f'mta.name = "{mta}"\n'
            f"{self.mta.settings}"
            f'milter.socket = "unix:{socket}"\n'
        )

    @property
    def postfix(self) -> PrivatePostfix:
        """The mail server, where it is a Postfix."""
        if not isinstance(self.mta, PrivatePostfix):
            raise TypeError("this site's mail server is no Postfix")
        return self.mta

    @property
    def settings(self) -> Settings:
        """The settings in effect."""
        return load(self._settings_file)

    def add_settings(self, text: str) -> None:
        """Lay more over the settings; what is running already does not know of it."""
        with self._settings_file.open("a", encoding="utf-8") as file:
            file.write(text)

    @property
    def store(self) -> Store:
        """A store on this site's Redis."""
        return Store(connect(self.settings), self.settings)

    @property
    def views(self) -> Views:
        """This site, looked at."""
        return Views(self.store, self.settings)

    @property
    def alerts(self) -> Alerts:
        """This site's alerts."""
        return Alerts(self.store, self.settings)

    def __enter__(self) -> Self:
        try:
            if self.programs != EVERYTHING and not self._shared:
                self.redis.start()
            for program in self.programs:
                self.start(program)
            self.mta.write_files()
            self.mta.start()
            for program in self.programs:
                self._wait_for(program)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            _end(process)
        self.mta.stop()
        self.redis.stop()
        for folder in (self.folder, self.redis.folder):
            shutil.rmtree(folder, ignore_errors=True)

    def command(self, *arguments: str) -> list[str]:
        """The command line of ``lanes`` on this site."""
        return [sys.executable, "-m", "lanes", "--config", str(self._settings_file), *arguments]

    def lanes(self, *arguments: str) -> str:
        """Run ``lanes`` to its end; what it printed. Raises :class:`subprocess.CalledProcessError`."""
        return subprocess.run(self.command(*arguments), check=True, capture_output=True, text=True).stdout

    def start(self, program: str) -> None:
        """Start a program; it comes up in its own time."""
        environment = os.environ | self._environments.get(program, {})
        with self._log(program).open("ab") as log:
            self._processes[program] = subprocess.Popen(self.command(program), stdout=log, stderr=log, env=environment)
        self._starts[program] += 1

    def restart(self, program: str) -> None:
        """Start a program (again) and wait until it works."""
        self.start(program)
        self._wait_for(program)

    def pid(self, program: str) -> int:
        """The process id of a program that was started."""
        return self._processes[program].pid

    def running(self, program: str) -> bool:
        """Whether a program that was started has not ended."""
        return self._processes[program].poll() is None

    def send_signal(self, program: str, number: signal.Signals) -> None:
        """Send a program a signal: SIGTERM, SIGSTOP, SIGCONT."""
        self._processes[program].send_signal(number)

    def kill(self, program: str, number: signal.Signals = signal.SIGKILL) -> None:
        """End a program as a crash would."""
        process = self._processes.pop(program)
        process.send_signal(number)
        process.wait()

    def send(self, mail: Mail) -> str:
        """Hand one message to the mail server; its queue id."""
        return send(self.mta.port, mail)

    def send_all(self, mails: Sequence[Mail], connections: int = 4) -> list[str]:
        """Hand in many; their queue ids in order."""
        return send_all(self.mta.port, mails, connections)

    def log(self, program: str) -> str:
        """What a program has logged."""
        return self._log(program).read_text("utf-8", "replace")

    def _log(self, program: str) -> Path:
        return self.folder / f"{program}.log"

    def _wait_for(self, program: str) -> None:
        process, each = self._processes[program], len(programs_of(self.settings)) if program == "up" else 1
        expected = self._starts[program] * each

        def settled() -> bool:
            return self.log(program).count('"started"') >= expected or process.poll() is not None

        try:
            wait_until(settled, program, 60)
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{self.log(program)[-2000:]}") from error
        if process.poll() is not None:
            raise RuntimeError(f"{program} ended with {process.returncode}:\n{self.log(program)[-2000:]}")


def _end(process: subprocess.Popen[bytes], patience: float = 10.0) -> None:
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
