"""A network of one's own behind a wire: a network namespace, and a pair of interfaces that lead to it (ip-netns(8)).

Contract: what is started with :attr:`Namespace.inside` is reached at :attr:`Namespace.address`. While the wire is cut,
nothing comes back from there: no connection is made or closed, and no byte is acknowledged, as when a switch dies.
Interfaces that come and go are seen by all on the machine, and a browser then drops what it is loading: :func:`apart`
is for who does not want that.

Failure: :class:`~contrib.sandbox.mta.SandboxError` if namespaces are not allowed here, as in most containers.
"""

from __future__ import annotations

import ctypes
import os
import random
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from contrib.sandbox.mta import SandboxError

#: Addresses that are for tests of networks (RFC 2544), four for each wire.
_NETWORK = "198.18.{}.{}"
_CHANCE = random.SystemRandom()
#: For unshare(2) and setns(2).
_NEWNET = 0x40000000


class Namespace:
    """The namespace; a context manager."""

    def __init__(self) -> None:
        number = _CHANCE.randrange(1, 1 << 14)
        third, last = number >> 6, (number & 63) << 2
        self._name = f"sandbox{number}"
        self._near, self.address = (_NETWORK.format(third, last + place) for place in (1, 2))
        self.inside = ["ip", "netns", "exec", self._name]
        """What a command line begins with to run in there."""

    def __enter__(self) -> Self:
        near, far = f"{self._name}n", f"{self._name}f"
        try:
            _ip("netns", "add", self._name)
            _ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", self._name)
            _ip("address", "add", f"{self._near}/30", "dev", near)
            _ip("link", "set", near, "up")
            for command in (f"address add {self.address}/30 dev {far}", f"link set {far} up", "link set lo up"):
                _ip("-n", self._name, *command.split())
        except SandboxError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run(["ip", "netns", "delete", self._name], check=False, capture_output=True)
        subprocess.run(["ip", "link", "delete", f"{self._name}n"], check=False, capture_output=True)

    def cut(self) -> None:
        """From now on, nothing comes back."""
        _ip("-n", self._name, "route", "replace", "blackhole", f"{self._near}/32")

    def mend(self) -> None:
        """All comes back, also what was sent meanwhile. Harmless if it was not cut."""
        command = ["ip", "-n", self._name, "route", "delete", "blackhole", f"{self._near}/32"]
        subprocess.run(command, check=False, capture_output=True)


@contextmanager
def apart() -> Iterator[None]:
    """This thread, and all that it starts meanwhile, in a network that has a loopback and nobody else."""
    libc = ctypes.CDLL(None, use_errno=True)
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        if libc.unshare(_NEWNET):
            raise SandboxError(f"no network of one's own: {os.strerror(ctypes.get_errno())}")
        try:
            _ip("link", "set", "lo", "up")
            yield
        finally:
            libc.setns(before, _NEWNET)
    finally:
        os.close(before)


def _ip(*arguments: str) -> None:
    try:
        done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise SandboxError("'ip' not found (Debian: apt-get install iproute2)") from error
    if done.returncode:
        raise SandboxError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
