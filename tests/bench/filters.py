"""The filters that are compared, each before a Postfix of its own (:mod:`tests.bench.filter`).

Contract: a side is ready when ``with`` hands it out, and everything of it is gone afterwards. Each has a Postfix, a
process for the filter and, for ours, a Redis; on loopback, or on UNIX sockets in a folder of their own.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from redis import Redis

from contrib.sandbox.ports import LOOPBACK, free_port
from contrib.sandbox.postfix import Milter, PrivatePostfix
from contrib.sandbox.redis import PrivateRedis
from contrib.sandbox.wait import wait_until
from lanes.store.keys import Keys

#: Nobody reads the log, so nothing makes room in the window; and on a busy machine Redis may be slow.
_SETTINGS = """
data_dir = "{folder}"
redis.url = "{redis}"
mta.config_directory = "{folder}"
milter.socket = "{address}"
milter.budget = "10s"
manager.window = 1000000
web.listen = ""
"""
#: As Debian ships it, but without a line in the log for each message, and for mail that comes from this machine, too.
_OPENDKIM = """
Mode v
Canonicalization relaxed/simple
UMask 000
Socket {address}
InternalHosts 192.0.2.1
TemporaryDirectory {folder}
Syslog no
"""
_TICKS = os.sysconf("SC_CLK_TCK")


class Side(NamedTuple):
    """A Postfix, with a filter or without."""

    postfix: PrivatePostfix
    pid: int = 0
    """The filter's process; 0 without one."""
    redis: Redis | None = None

    @property
    def cpu(self) -> float:
        """Seconds of processor time that the filter's process had so far."""
        return _used(self.pid) if self.pid else 0.0

    @property
    def all_cpu(self) -> float:
        """The same of Postfix, filter and Redis together."""
        master = int((self.postfix.folders.queue / "pid" / "master.pid").read_text("utf-8").split()[0])
        children = map(int, Path(f"/proc/{master}/task/{master}/children").read_text("utf-8").split())
        return self.cpu + _redis_used(self.redis) + sum(map(_used, (master, *children)))

    def forget(self) -> int | None:
        """Let the filter begin with an empty Redis; how many messages it knew. None if it has none."""
        if self.redis is None:
            return None
        count = self.redis.hlen(Keys("mx1").records)
        self.redis.flushdb()
        return count


def _used(pid: int) -> float:
    """Seconds of a process and of those of its children that have ended (proc_pid_stat(5)); 0 once it has ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8")
    except OSError:
        return 0.0
    return sum(map(int, stat.rpartition(")")[2].split()[11:15])) / _TICKS


def _redis_used(client: Redis | None) -> float:
    """The same of a server, as it counts it."""
    cpu = client.info("cpu") if client else {"used_cpu_user": 0.0, "used_cpu_sys": 0.0}
    return float(cpu["used_cpu_user"] + cpu["used_cpu_sys"])


def none(outside: int) -> Iterator[Side]:
    """No filter."""
    with _postfix(outside) as postfix:
        yield Side(postfix)


def least(outside: int, name: str) -> Iterator[Side]:
    """One of those in Python that do next to nothing (:mod:`tests.bench.least`)."""
    with _folder() as folder:
        address = f"unix:{folder}/milter.sock"
        command = [sys.executable, "-m", "tests.bench.least", name, address]
        with _running(command, address) as pid, _postfix(outside, Milter(address)) as postfix:
            yield Side(postfix, pid)


def opendkim(outside: int) -> Iterator[Side]:
    """A filter in C that verifies signatures; the messages have none."""
    with _folder() as folder:
        address, settings = f"local:{folder}/milter.sock", folder / "opendkim.conf"
        settings.write_text(_OPENDKIM.format(address=address, folder=folder), "utf-8")
        command = [shutil.which("opendkim", path="/usr/sbin:/usr/bin") or "opendkim", "-f", "-x", str(settings)]
        milter = Milter(address.replace("local:", "unix:"))
        with _running(command, address) as pid, _postfix(outside, milter) as postfix:
            yield Side(postfix, pid)


def lanes(outside: int, *, tcp: bool = False, environment: Mapping[str, str] | None = None) -> Iterator[Side]:
    """Ours, with a Redis; the program as shipped."""
    with _folder() as folder, PrivateRedis() as redis:
        port = free_port()
        address = f"inet:{port}@{LOOPBACK}" if tcp else f"unix:{folder}/milter.sock"
        settings = folder / "lanes.toml"
        settings.write_text(_SETTINGS.format(folder=folder, redis=redis.url, address=address), "utf-8")
        command = [sys.executable, "-m", "lanes", "--config", str(settings), "milter"]
        milter = Milter(f"inet:{LOOPBACK}:{port}" if tcp else address)
        with _running(command, address, environment) as pid, _postfix(outside, milter) as postfix:
            yield Side(postfix, pid, redis.client())


#: By name, in the order of the table.
SIDES: Mapping[str, Callable[[int], Iterator[Side]]] = {
    "none": none,
    "noop": lambda outside: least(outside, "noop"),
    "tags": lambda outside: least(outside, "tags"),
    "opendkim": opendkim,
    "lanes": lanes,
}
#: Far slower, so only when asked for.
BY_TCP: Mapping[str, Callable[[int], Iterator[Side]]] = {"lanes, TCP": lambda outside: lanes(outside, tcp=True)}


@contextmanager
def _postfix(outside: int, milter: Milter | None = None) -> Iterator[PrivatePostfix]:
    """A Postfix that has begun its log."""
    with PrivatePostfix(outside, milter=milter) as postfix:
        postfix.wait_for_log("daemon started")
        yield postfix


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder that the MTA's user may look into."""
    with tempfile.TemporaryDirectory(prefix="bench-filter-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@contextmanager
def _running(command: Sequence[str], address: str, environment: Mapping[str, str] | None = None) -> Iterator[int]:
    """A filter that listens; its process id. What it logs goes where it is not looked at."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               env={**os.environ, **(environment or {})})
    try:
        wait_until(lambda: _listens(address) or process.poll() is not None, f"{command[0]} to listen", 30)
        if process.poll() is not None:
            raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def _listens(address: str) -> bool:
    scheme, _, place = address.partition(":")
    family = socket.AF_INET if scheme == "inet" else socket.AF_UNIX
    port, _, host = place.partition("@")
    with socket.socket(family) as one:
        return one.connect_ex((host, int(port)) if scheme == "inet" else place) == 0
