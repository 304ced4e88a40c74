"""A private DNS server (dnsmasq) on loopback, with the records that it is given and no others.

Failure: as of :class:`~contrib.sandbox.process.Process`.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Self

import dns.exception
import dns.resolver

from contrib.sandbox.ports import free_port
from contrib.sandbox.process import Process


class PrivateDns:
    """The server; a context manager. ``records`` are options of dnsmasq(8), such as ``mx-host=a.example,mx.a.example``.

    Whatever is not among them does not exist, but for ``lame.example``, and what is below it: that it refuses to say.
    """

    def __init__(self, records: Iterable[str]) -> None:
        self._port = free_port()
        command = [
            "/usr/sbin/dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--pid-file=", "--user=root",
            "--no-hosts", "--no-resolv", "--bind-interfaces", "--listen-address=127.0.0.1", f"--port={self._port}",
            "--log-facility=-", "--local=/#/", "--server=/lame.example/#",
            *(f"--{record}" for record in records),
        ]  # fmt: skip
        self._folder = Path(tempfile.mkdtemp(prefix="private-dns-"))
        self._process = Process(command, self._folder / "log")

    def __enter__(self) -> Self:
        self._process.start(self._answers)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def resolver(self) -> dns.resolver.Resolver:
        """One that asks this server only."""
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers = ["127.0.0.1"]
        resolver.port = self._port
        return resolver

    def _answers(self) -> bool:
        try:
            self.resolver().resolve("there.is.none.", "A", lifetime=1.0)
        except dns.resolver.NXDOMAIN:
            return True
        except dns.exception.DNSException:
            return False
        return True
