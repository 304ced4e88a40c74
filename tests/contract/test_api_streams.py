"""Who watches: a real ``lanes api``, over real sockets."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice, pairwise
from pathlib import Path
from urllib.request import urlopen

import msgspec
import pytest

from contrib.sandbox.api import PrivateApi
from contrib.sandbox.ports import LOOPBACK, free_port
from contrib.sandbox.redis import PrivateRedis
from contrib.sandbox.wait import wait_until
from contrib.sandbox.watcher import Watcher
from lanes.answers.overview import Overview
from lanes.house import House
from lanes.web import live, serve
from lanes.web.app import create_app

STREAMS = 3
LIVE = "/api/v1/live"


@pytest.fixture(scope="module")
def redis() -> Iterator[PrivateRedis]:
    with PrivateRedis() as running:
        yield running


@pytest.fixture(scope="module")
def api(redis: PrivateRedis) -> Iterator[PrivateApi]:
    with PrivateApi(redis.url, f"web.streams = {STREAMS}\nweb.threads = 2\n") as running:
        yield running


def ask(api: PrivateApi) -> Watcher:
    """Somebody who asks for a stream."""
    return Watcher(api.url + LIVE)


def watch(api: PrivateApi) -> Watcher:
    """Somebody who watches, as soon as there is a place."""

    def let_in() -> list[Watcher]:
        watcher = ask(api)
        if watcher.status == 200:
            return [watcher]
        watcher.close()
        return []

    return wait_until(let_in, "a place to be free", every=0.1)[0]


def threads(api: PrivateApi) -> int:
    return len(list(Path(f"/proc/{api.process.pid}/task").iterdir()))


def heaps(api: PrivateApi) -> int:
    """Heaps of single threads: 64 MiB each, kept free, of which the first pages are in use (malloc.c of glibc)."""
    maps = [line.split()[:2] for line in Path(f"/proc/{api.process.pid}/maps").read_text().splitlines()]
    ranges = [(int(where.partition("-")[0], 16), where.partition("-")[2], access) for where, access in maps]
    return sum(used == "rw-p" and begin % (64 << 20) == 0 and free == "---p" and int(end, 16) == rest
               for (begin, end, used), (rest, _, free) in pairwise(ranges))


def test_an_overview_comes_at_once_and_then_again_and_again(api: PrivateApi) -> None:
    with watch(api) as watcher:
        assert watcher.answer.headers["Content-Type"] == "text/event-stream"
        assert watcher.answer.headers["Cache-Control"] == "no-store"
        events = list(islice(watcher.events(), 3))
    assert [event.kind for event in events] == ["overview"] * 3
    overviews = [msgspec.json.decode(event.data, type=Overview) for event in events]
    assert overviews[1].at < overviews[2].at
    assert [lane.lane for lane in overviews[0].lanes] == ["priority", "normal", "bulk"]


def test_it_is_made_once_for_all_and_for_nobody_never(api: PrivateApi, redis: PrivateRedis) -> None:
    # Given three who watch, and what Redis is asked once for each overview
    client = redis.client()

    def made() -> int:
        return int(client.info("commandstats").get("cmdstat_lrange", {"calls": 0})["calls"])

    watchers = [watch(api) for _ in range(STREAMS)]
    for watcher in watchers:
        next(watcher.events())
    before = made()
    # When each has seen three more
    seen = [[event.data for event in islice(watcher.events(), 3)] for watcher in watchers]
    # Then these were made for all of them, or one more that has begun
    assert made() - before <= 4
    assert len(set(seen[0]) & set(seen[1]) & set(seen[2])) >= 2
    # And when they have gone, none is made any more
    for watcher in watchers:
        watcher.close()
    counts = [before]

    def quiet() -> bool:
        counts.append(made())
        return counts[-1] == counts[-2]

    wait_until(quiet, "nothing to be made any more", 20, every=2.5)


def test_no_more_watch_than_may(api: PrivateApi) -> None:
    # Given as many as may watch
    watchers = [watch(api) for _ in range(STREAMS)]
    # When one more comes, Then they are told so, and when to ask again
    with ask(api) as late:
        assert late.status == 503
        assert late.answer.headers["Content-Type"] == "application/problem+json"
        assert int(late.answer.headers["Retry-After"]) > 0
        assert "web.streams" in json.loads(late.answer.read())["detail"]
    # And when one of them goes away without a word, there is a place again
    watchers.pop().close()
    watchers.append(watch(api))
    for watcher in watchers:
        watcher.close()


def test_who_comes_and_goes_leaves_nothing_behind(api: PrivateApi) -> None:
    # Given the server's threads
    before = threads(api)
    # When many come and go, also without having read anything
    for _ in range(10 * STREAMS):
        with socket.create_connection((LOOPBACK, api.port)) as connection:
            connection.sendall(f"GET {LIVE} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        with socket.create_connection((LOOPBACK, api.port)) as connection:
            connection.sendall(f"HEAD {LIVE} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    # Then all places are free again, and there are no more threads
    watchers = [watch(api) for _ in range(STREAMS)]
    assert threads(api) <= before + 1
    for watcher in watchers:
        watcher.close()


def test_a_stream_keeps_nobody_from_being_answered(api: PrivateApi) -> None:
    watchers = [watch(api) for _ in range(STREAMS)]
    with Watcher(f"{api.url}/healthz") as other:
        assert other.status == 200
    for watcher in watchers:
        watcher.close()


def test_when_the_server_is_stopped_streams_end_in_order(redis: PrivateRedis) -> None:
    # Given somebody who watches
    with PrivateApi(redis.url) as api, ask(api) as watcher:
        events = watcher.events()
        next(events)
        # When the server is told to end, Then the stream ends as it should, and the server does
        assert api.process.stop() == 0
        assert {event.kind for event in events} <= {"overview"}
        assert "Traceback" not in api.log


def test_while_redis_is_away_who_watches_is_told_and_goes_on() -> None:
    with PrivateRedis() as redis, PrivateApi(redis.url) as api, ask(api) as watcher:
        events = watcher.events()
        assert next(events).kind == "overview"
        redis.kill()
        problem, _ = islice((event for event in events if event.kind == "problem"), 2)
        assert json.loads(problem.data)["status"] == 503
        redis.start()
        assert next(event for event in events if event.kind == "overview")
        assert api.process.running
        # And it is said in the log, but not again each second
        assert api.log.count("redis does not answer") == 1


def test_who_does_not_read_is_let_go(redis: PrivateRedis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a server with place for one stream, of many events, that lets little of it wait
    monkeypatch.setattr(live, "EVERY", 0.002)
    monkeypatch.setattr(serve, "UNREAD_MAX", 2**16)
    port, file, stop = free_port(), tmp_path / "lanes.toml", threading.Event()
    file.write_text(f'redis.url = "{redis.url}"\ndata_dir = "{tmp_path}"\nweb.listen = "{LOOPBACK}:{port}"\n'
                    "web.streams = 1\n")
    house = House(file)
    serving = threading.Thread(target=serve.serve, args=(create_app(house), house.settings, stop))
    serving.start()
    url = f"http://{LOOPBACK}:{port}{LIVE}"
    try:
        # When somebody watches who reads nothing
        wait_until(lambda: _listens(port), "the server")
        sleepy = _asking(port)
        # Then the place is somebody else's soon
        wait_until(lambda: _begun(url), "a place to be free", 60, every=0.5)
        sleepy.close()
    finally:
        stop.set()
        serving.join(20)
    assert not serving.is_alive()


def _listens(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex((LOOPBACK, port)) == 0


def _asking(port: int) -> socket.socket:
    """Somebody who asks for a stream and does not read it."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect((LOOPBACK, port))
    connection.sendall(f"GET {LIVE} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return connection


def _begun(url: str) -> bool:
    with Watcher(url) as watcher:
        return watcher.status == 200


def test_all_threads_take_memory_from_one_heap(redis: PrivateRedis) -> None:
    # Given a server whose every thread has answered somebody
    with PrivateApi(redis.url) as api, ThreadPoolExecutor(8) as askers:
        list(askers.map(lambda _: urlopen(f"{api.url}/metrics", timeout=30).read(), range(64)))
        # Then none has a heap of its own, which would grow to the largest that it ever answers
        assert heaps(api) == 0
