"""A loop that turns tells systemd so; one that hangs does not, whatever else the program does."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import RedisError

from contrib.sandbox.wait import wait_until
from lanes.readiness import Watchdog, ready, watchdog
from lanes.services.loop import beside, repeat

#: Seconds, and many times that.
SOON, LONG = 0.05, 1.0


class Systemd:
    """The other end of NOTIFY_SOCKET."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(path)

    def hears(self, within: float = 20.0) -> str:
        """The next thing that it is told; empty if there is none."""
        self._socket.settimeout(within)
        try:
            return self._socket.recv(100).decode()
        except TimeoutError:
            return ""

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["a path", "an abstract name"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Systemd]:
    name = str(tmp_path / "notify")
    abstract = request.param == "an abstract name"
    monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}" if abstract else name)
    listening = Systemd(f"\0{name}" if abstract else name)
    yield listening
    listening.close()


def run(step: Callable[[], float], watchdog: Watchdog) -> threading.Event:
    """A loop in a thread; the event that ends it."""
    stop = threading.Event()
    threading.Thread(target=repeat, args=(step, stop, "test", watchdog), daemon=True).start()
    return stop


def test_a_loop_that_turns_is_heard_of(systemd: Systemd) -> None:
    stop = run(lambda: SOON / 10, Watchdog(SOON))
    assert [systemd.hears() for _ in range(3)] == ["WATCHDOG=1"] * 3
    stop.set()


def test_a_loop_that_waits_for_its_next_turn_is_heard_of(systemd: Systemd) -> None:
    stop = run(lambda: 3600.0, Watchdog(SOON))
    assert [systemd.hears() for _ in range(3)] == ["WATCHDOG=1"] * 3
    stop.set()


def test_a_loop_that_waits_for_redis_is_heard_of(systemd: Systemd) -> None:
    def away() -> float:
        raise RedisError("away")

    stop = run(away, Watchdog(SOON))
    assert [systemd.hears() for _ in range(3)] == ["WATCHDOG=1"] * 3
    stop.set()


def test_a_loop_that_hangs_is_not_heard_of_though_its_threads_live(systemd: Systemd) -> None:
    # Given a loop whose step does not end, and another thread that turns
    hung, turned = threading.Event(), threading.Event()
    stop = run(lambda: float(hung.wait()), Watchdog(SOON))

    def turn() -> float:
        turned.set()
        return SOON

    beside(turn, stop, "other")
    # Then it is heard of once, before that step, and no more
    assert systemd.hears() == "WATCHDOG=1"
    wait_until(turned.is_set, "the other to turn")
    assert systemd.hears(LONG) == ""
    # And when the step ends after all, it is
    hung.set()
    assert systemd.hears() == "WATCHDOG=1"
    stop.set()


def test_it_is_told_at_half_of_the_time_and_not_more_often() -> None:
    assert watchdog({"WATCHDOG_USEC": "30000000"}).every == 15.0
    assert watchdog({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}).every == 15.0


@pytest.mark.parametrize("environment", [
    {}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "soon"}, {"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"},
])  # fmt: skip
def test_nobody_is_told_who_does_not_ask(environment: dict[str, str], systemd: Systemd) -> None:
    told = watchdog(environment)
    told()
    ready()
    assert systemd.hears() == "READY=1"


def test_that_nobody_listens_is_nothing_to_die_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    ready()
    Watchdog(0.0)()
