"""Where chaos happens: a private Postfix, its outside world, Redis behind a wire, all programs, two small disks.

Contract: everything can be broken by itself, and :meth:`World.heal` brings back all that is needed, once more
without harm. Deadlines are so near that they pass while the rounds go on. Mounting the disks and making a network
may not be allowed; then there are none, and what needs them cannot be tried.

Failure: :class:`TimeoutError` if something does not come up, with the end of its log.
"""

from __future__ import annotations

import contextlib
import shutil
import signal
import stat
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Self

from contrib.sandbox.asker import Asker
from contrib.sandbox.clock import Clock
from contrib.sandbox.link import Link
from contrib.sandbox.mta import SandboxError
from contrib.sandbox.namespace import Namespace
from contrib.sandbox.ports import LOOPBACK, free_port
from contrib.sandbox.redis import PrivateRedis
from contrib.sandbox.sink import Sink
from contrib.sandbox.site import Site
from contrib.sandbox.volume import Volume
from lanes.services.up import PROGRAMS
from lanes.store.refused_log import put_aside, why_refused
from tests.chaos.outside import Outside
from tests.chaos.traffic import SUSPECT_HEADER

ALL = (*PROGRAMS, "router", "api")
_SETTINGS = """
redis.timeout = "1s"
milter.budget = "500ms"
milter.breaker_reset = "1s"
manager.lease = "3s"
manager.reconcile_every = "20s"
worker.appear_within = "1s"
failsafe.after = "10s"
web.rate = 100000
domains.backoff = "1s"
domains.backoff_max = "2s"
[lanes.priority]
sla = "8s"
lead = "1s"
retry = { every = "2s" }
alert_after = "0s"
[lanes.normal]
sla = "12s"
lead = "2s"
retry = { initial = "1s", factor = 2.0, max = "4s" }
promote_at = "2s"
alert_after = "0s"
[lanes.bulk]
sla = "15s"
retry = { every = "2s" }
lead = "4s"
promote_at = "5s"
batch = { size = 10, max_wait = "4s", streams = 5 }
[relays.out]
transport = "out"
cost = 0.001
"""
_POSTFIX = {
    "header_checks": f"regexp:{{ {{ /^{SUSPECT_HEADER}:/ HOLD suspicious }} }}",
    "minimal_backoff_time": "2s",
    "maximal_backoff_time": "4s",
    "queue_run_delay": "2s",
}
#: MiB of Redis's disk and of the programs' own. Redis rewrites its log before it has filled a part of it.
_REDIS_DISK, _DATA_DISK = 96, 8
_REDIS = {"auto-aof-rewrite-min-size": "8mb"}


class World:
    """All of it; a context manager."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self.disks: dict[str, Volume] = {}
        """``redis`` and ``data``, where mounting is allowed."""
        self.network: Namespace | None = None
        """The one that the wire to Redis leads to, where that is allowed."""
        self.clocks: dict[str, Clock] = {}
        """Redis's and each program's."""
        self.ahead = 0.0
        """Seconds by which they are ahead, but for one that is wrong by itself."""
        self.lives: list[float] = []
        """When Postfix was started again after it had been killed, in Unix time."""
        self.refused: list[Path] = []
        """Where the logs are that Redis refused to read when it was started again."""

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            self.clocks = {name: stack.enter_context(Clock()) for name in ("redis", *ALL)}
            by_clock = {name: clock.environment for name, clock in self.clocks.items()}
            self.redis = PrivateRedis(settings=_REDIS, environment=by_clock["redis"])
            data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-data-")))
            with contextlib.suppress(SandboxError):
                self.disks["redis"] = stack.enter_context(Volume(self.redis.folder, _REDIS_DISK))
                self.disks["data"] = stack.enter_context(Volume(data, _DATA_DISK))
            stack.enter_context(self.redis)
            with contextlib.suppress(SandboxError):
                self.network = stack.enter_context(Namespace())
            self.link = stack.enter_context(Link(self.redis.socket, self.network))
            sink = stack.enter_context(Sink())
            self.outside = Outside(sink)
            router = f"inet:{LOOPBACK}:{free_port()}"
            listen = f'web.listen = "{LOOPBACK}:{free_port()}"\nrouter.listen = "{router}"\n'
            self.site = stack.enter_context(
                Site(sink.port, listen + _SETTINGS, programs=ALL, parameters=_POSTFIX, data_dir=data,
                     redis_url=f"redis://{self.link.host}:{self.link.port}", environments=by_clock)
            )
            self._stack = stack.pop_all()
        self.settings = self.site.settings
        self.store = self.site.store
        return self

    def __exit__(self, *exception: object) -> None:
        self.heal()
        self._stack.close()

    def ready(self) -> bool:
        """Whether the API says so."""
        try:
            with urllib.request.urlopen(f"http://{self.settings.web.listen}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def routed(self) -> bool:
        """Whether the router answers. It is not Postfix that asks it: that would take no mail for half a minute after
        each time that it was away, and the rounds would be without any."""
        try:
            with Asker(self.settings.router.listen, timeout=2) as asker:
                return asker.ask("lanes", "r1@d1.example") == "OK out:"
        except (OSError, EOFError):
            return False

    def start_redis(self) -> None:
        """On the log that it has; if it refuses that, on none, as the embedded one does: the spool knows it all."""
        try:
            self.redis.start()
        except RuntimeError as error:
            if not why_refused(str(error)):
                raise
            aside = Path(tempfile.mkdtemp(prefix="chaos-refused-"))
            shutil.move(put_aside(self.redis.folder, time.time()), aside)
            self.refused.append(aside)
            self.redis.start()

    def start_postfix(self) -> None:
        """After it was killed, and remember when: what it does from now on it does not know of its life before."""
        self.lives.append(time.time())
        self.site.postfix.start()

    def moves(self) -> bool:
        """Whether Postfix has mail in hand. What a cleanup(8) that was killed left unfinished (not executable, see
        Postfix's ``mail_stream.c``) was never accepted, and stays until postsuper(1) purges it."""
        queue = self.site.postfix.folders.queue
        files = [path for name in ("incoming", "active") for path in (queue / name).iterdir()]
        return any(_mode(path) & stat.S_IXUSR for path in files)

    def heal(self) -> None:
        """What was stopped, cut or filled is no more; what was killed is started again by who killed it."""
        self.redis.signal(signal.SIGCONT)
        self.link.mend()
        if self.network:
            self.network.mend()
        for disk in self.disks.values():
            disk.empty()

    def set_all_clocks(self, ahead: float) -> None:
        """From now on all clocks are so many seconds ahead, but for Postfix's."""
        self.ahead = ahead
        for clock in self.clocks.values():
            clock.set(ahead)

    def now(self) -> float:
        """The time by their clocks, in Unix time."""
        return time.time() + self.ahead

    def rotate(self) -> Path:
        """The name to which the log is to be put aside; older copies have moved on by one, as by logrotate(8)."""
        log = self.site.postfix.log_path
        copies = sorted(log.parent.glob(f"{log.name}.*"), key=lambda path: int(path.suffix[1:]), reverse=True)
        for copy in copies:
            copy.rename(copy.with_suffix(f".{int(copy.suffix[1:]) + 1}"))
        return log.with_name(f"{log.name}.1")

    def logs(self) -> str:
        """All of Postfix's log, the oldest first."""
        log = self.site.postfix.log_path
        copies = sorted(log.parent.glob(f"{log.name}.*"), key=lambda path: int(path.suffix[1:]), reverse=True)
        return "".join(path.read_text("utf-8", "replace") for path in (*copies, log) if path.exists())

    def reload_postfix(self) -> None:
        """So that it opens its log anew; harmless if it does not run just now."""
        with contextlib.suppress(OSError):
            self.site.postfix.reload()


def _mode(path: Path) -> int:
    """Of a file that may be gone meanwhile: then 0."""
    try:
        return path.lstat().st_mode
    except FileNotFoundError:
        return 0
