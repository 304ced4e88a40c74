"""The router as a program: asked by Postfix's own client and by bad ones, with Redis and without."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from contrib.sandbox.asker import Asker
from contrib.sandbox.ports import free_port
from contrib.sandbox.postfix import PrivatePostfix
from contrib.sandbox.redis import PrivateRedis
from contrib.sandbox.wait import wait_until
from lanes.config import Settings, load
from lanes.routes.health import Tried
from lanes.services.router import CONNECTIONS
from lanes.store.connect import connect
from lanes.store.relays import Relays

SETTINGS = """
redis.url = "{redis}"
data_dir = "{folder}"
router.listen = "{listen}"
roads.backoff = "1h"
roads.backoff_max = "2h"
roads.explore = "36500d"
mta.own_domains = ["example.com"]
[relays.premium]
transport = "premium"
cost = 0.02
[relays.economy]
transport = "economy"
nexthop = "[192.0.2.1]:2525"
cost = 0.001
"""
PREMIUM, ECONOMY, NOTHING = "OK premium:", "OK economy:[192.0.2.1]:2525", "NOTFOUND "
TO = "a@example.net"


class Running:
    """A router in a folder of its own."""

    def __init__(self, folder: Path, redis: str, listen: str = "") -> None:
        self.listen = listen or f"unix:{folder}/run/router.sock"
        self.path = self.listen.partition(":")[2]
        self.file = folder / "lanes.toml"
        self.file.write_text(SETTINGS.format(redis=redis, folder=folder, listen=self.listen))
        self.log = folder / "router.log"
        self.command = [sys.executable, "-m", "lanes", "--config", str(self.file), "router"]
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def settings(self) -> Settings:
        return load(self.file)

    @contextmanager
    def started(self, listening: socket.socket | None = None) -> Iterator[Running]:
        """Running; ``listening`` is handed over as systemd does."""
        command, given = self.command, [listening.fileno()] if listening else []
        if listening:
            hand_over = f'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@" 3<&{listening.fileno()}'
            command = ["bash", "-c", hand_over, "bash", *command]
        with self.log.open("ab") as log:
            already = self.told("started")
            self.process = subprocess.Popen(command, stdout=log, stderr=log, pass_fds=given)
        try:
            wait_until(lambda: self.told("started") > already, "the router", 20)
            yield self
        finally:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(10)

    def told(self, event: str) -> int:
        return self.log.read_text().count(f'"event": "{event}"') if self.log.exists() else 0

    def ask(self, name: str, key: str) -> str:
        with Asker(self.listen) as asker:
            return asker.ask(name, key)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.chmod(0o755)
    return tmp_path


@pytest.fixture
def redis() -> Iterator[PrivateRedis]:
    with PrivateRedis() as running:
        yield running


@pytest.fixture
def router(folder: Path, redis: PrivateRedis) -> Iterator[Running]:
    with Running(folder, redis.url).started() as running:
        yield running


def fail(router: Running, relay: str) -> None:
    """A relay fails as often as it may; for long after this instant."""
    faults = [Tried(4e9, "deferred", "4.4.1 refused")] * router.settings.roads.failures
    Relays(connect(router.settings), router.settings).learn(len(relay), {relay: faults})


def test_postfix_asks_it_for_each_lane(router: Running) -> None:
    # Given a Postfix, When its own client asks, Then each lane has its relay, and mail at home has none
    with PrivatePostfix(free_port()) as postfix:
        found = {lane: postfix.command("postmap", "-q", "-", f"socketmap:{router.listen}:{lane}",
                                       text=f"{TO}\na@example.com\n*\n") for lane in ("lane-priority", "lane-bulk")}
    assert found == {"lane-priority": f"{TO}\tpremium:\n", "lane-bulk": f"{TO}\teconomy:[192.0.2.1]:2525\n"}


def test_only_the_mtas_group_may_ask(router: Running) -> None:
    found = Path(router.path).stat()
    assert stat.S_IMODE(found.st_mode) == 0o660
    assert found.st_gid != 0


def test_it_moves_to_another_relay_when_one_fails_and_says_so_once(router: Running) -> None:
    # Given mail that takes the fastest relay
    with Asker(router.listen) as asker:
        assert asker.ask("lane-priority", TO) == PREMIUM
        wait_until(lambda: router.told("road") == 1, "a line for the road that it takes")
        # When that is down, Then the next answers are another
        fail(router, "premium")
        wait_until(lambda: asker.ask("lane-priority", TO) == ECONOMY, "another road")
        wait_until(lambda: router.told("road") == 2, "a line for the change of road")
        # And neither Redis's answers nor further questions are another line
        assert [asker.ask("lane-priority", TO) for _ in range(100)] == [ECONOMY] * 100
    assert router.told("road") == 2


def test_without_redis_it_answers_what_it_knew_last(router: Running, redis: PrivateRedis) -> None:
    fail(router, "premium")
    wait_until(lambda: router.ask("lane-priority", TO) == ECONOMY, "another road")
    # When Redis dies, Then the same is answered
    redis.kill()
    wait_until(lambda: router.told("redis does not answer; mail flows without lanes"), "the router to notice")
    assert router.ask("lane-priority", TO) == ECONOMY


def test_without_redis_from_the_beginning_it_answers_by_price(folder: Path) -> None:
    with Running(folder, f"unix://{folder}/nobody.sock").started() as router:
        assert router.ask("lane-priority", TO) == PREMIUM
        assert router.ask("lane-bulk", TO) == ECONOMY
        assert router.ask("lane-bulk", "a@example.com") == NOTHING


@pytest.mark.parametrize("said", [b"GET / HTTP/1.1\r\n\r\n", b"01:a,", b"9:lanes a@b;", b"5:lanes,", b"3:a b,3:a b,"])
def test_who_does_not_speak_the_protocol_is_hung_up_on_and_others_go_on(router: Running, said: bytes) -> None:
    with Asker(router.listen) as good, Asker(router.listen) as bad:
        assert good.ask("lane-bulk", TO) == ECONOMY
        bad.socket.sendall(said)
        with pytest.raises((EOFError, ConnectionError)):
            bad.hear()
        assert good.ask("lane-bulk", TO) == ECONOMY


def test_however_many_say_nothing_or_begin_and_do_not_end_others_are_answered(router: Running) -> None:
    # Given more clients than there may be, each in the middle of a question
    with ExitStack() as stack:
        slow = [stack.enter_context(Asker(router.listen)) for _ in range(CONNECTIONS)]
        for asker in slow:
            asker.socket.sendall(b"23:lane-bulk a@exa")
        # When another one asks, Then it is answered, in the place of the one that was silent for longest
        assert router.ask("lane-bulk", TO) == ECONOMY
        with pytest.raises((EOFError, ConnectionError)):
            slow[0].hear()
        slow[-1].socket.sendall(b"mple.net,")
        assert slow[-1].hear() == ECONOMY


def test_it_stops_in_order_and_leaves_no_socket(folder: Path, redis: PrivateRedis) -> None:
    with Running(folder, redis.url).started() as router, Asker(router.listen) as asker:
        assert asker.ask("lanes", TO).startswith("OK ")
        # When it is asked to stop, though somebody is connected, Then it ends
        assert router.process is not None
        router.process.terminate()
        assert router.process.wait(10) == 0
    assert not Path(router.path).exists()


def test_it_comes_back_where_a_killed_one_left_its_socket(folder: Path, redis: PrivateRedis) -> None:
    router = Running(folder, redis.url)
    with router.started():
        assert router.process is not None
        os.kill(router.process.pid, signal.SIGKILL)
        router.process.wait()
    assert Path(router.path).exists()
    with router.started():
        assert router.ask("lane-bulk", TO) == ECONOMY


def test_on_a_port_it_answers_too(folder: Path, redis: PrivateRedis) -> None:
    with Running(folder, redis.url, f"inet:127.0.0.1:{free_port()}").started() as router:
        assert router.ask("lane-bulk", TO) == ECONOMY


def test_a_socket_that_systemd_holds_outlives_it(folder: Path, redis: PrivateRedis) -> None:
    # Given a socket that is handed over
    router = Running(folder, redis.url)
    Path(router.path).parent.mkdir()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(router.path)
        listening.listen()
        with router.started(listening):
            assert router.ask("lane-bulk", TO) == ECONOMY
        # When somebody asks while no router runs, Then the question waits, And the next router answers it
        with Asker(router.listen, timeout=30) as asker:
            asker.socket.sendall(b"23:lane-bulk a@example.net,")
            with router.started(listening):
                assert asker.hear() == ECONOMY
