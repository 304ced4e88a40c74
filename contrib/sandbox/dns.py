"""A private DNS server (dnsmasq) on loopback, with the records that it is given and no others."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from typing import Self

import dns.exception
import dns.resolver

from contrib.sandbox.ports import free_port
from contrib.sandbox.wait import wait_until

_PATIENCE = 30.0


class PrivateDns:
    """The server; a context manager. ``records`` are options of dnsmasq(8), such as ``mx-host=a.example,mx.a.example``.

    Whatever is not among them does not exist, but for ``lame.example``, and what is below it: that it refuses to say.
    """

    def __init__(self, records: Iterable[str]) -> None:
        self._port = free_port()
        self._command = [
            "/usr/sbin/dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--pid-file=", "--user=root",
            "--no-hosts", "--no-resolv", "--bind-interfaces", "--listen-address=127.0.0.1", f"--port={self._port}",
            "--log-facility=-", "--local=/#/", "--server=/lame.example/#",
            *(f"--{record}" for record in records),
        ]  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self._answers, "the DNS server answers", _PATIENCE)
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()

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
