"""Each program tells systemd that it is ready, and then, again and again, that its loop turns."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from contrib.sandbox.sink import Sink
from contrib.sandbox.site import Site

PATIENCE = 60.0


@pytest.fixture
def site(sink: Sink) -> Iterator[Site]:
    """A site of which nothing runs but Postfix and Redis."""
    with Site(sink.port, programs=()) as running:
        yield running


@pytest.mark.parametrize("program", ["milter", "manager", "worker", "tracker", "notifier"])
def test_a_program_is_heard_of_while_it_works_or_waits_and_not_while_it_is_stopped(
    site: Site, tmp_path: Path, program: str
) -> None:
    # Given a program of a unit with Type=notify and WatchdogSec=1s
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(PATIENCE)
        own = {**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "1000000"}
        with (tmp_path / "log").open("wb") as log:
            process = subprocess.Popen(site.command(program), env=own, stdout=log, stderr=log)
        try:
            # Then it says that it is ready, and that it is at work
            assert systemd.recv(100) == b"READY=1"
            assert [systemd.recv(100) for _ in range(3)] == [b"WATCHDOG=1"] * 3
            # When Redis is away, Then it still is
            site.redis.kill()
            assert [systemd.recv(100) for _ in range(3)] == [b"WATCHDOG=1"] * 3
            # When it is stopped, Then what it had said already is all
            process.send_signal(signal.SIGSTOP)
            systemd.settimeout(3)
            with pytest.raises(TimeoutError):
                [systemd.recv(100) for _ in range(5)]
            # When it goes on, Then it is heard of
            process.send_signal(signal.SIGCONT)
            systemd.settimeout(PATIENCE)
            assert systemd.recv(100) == b"WATCHDOG=1"
        finally:
            process.terminate()
            process.wait(PATIENCE)
