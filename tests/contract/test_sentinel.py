"""Redis behind Sentinel: who is asked, for how long, and who is the master after a fail-over."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import redis

from contrib.sandbox.redis import Kind, PrivateRedis
from contrib.sandbox.sentinel import WatchedRedis
from contrib.sandbox.wait import wait_until
from lanes.config import ConfigError
from lanes.config.load import parse
from lanes.store.connect import connect

THREADS = 8


@pytest.fixture(scope="module", params=["valkey", "redis"])
def watched(request: pytest.FixtureRequest) -> Iterator[WatchedRedis]:
    kind: Kind = request.param
    with WatchedRedis(kind, down_after=10) as running:
        yield running


def client_of(watched: WatchedRedis, wait: float = 0.5) -> redis.Redis:
    return connect(parse(f'redis.url = "{watched.url}"'), timeout=wait)


@contextlib.contextmanager
def hanging(servers: list[PrivateRedis]) -> Iterator[None]:
    """Servers that take connections and do not answer."""
    for server in servers:
        server.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for server in servers:
            server.signal(signal.SIGCONT)


def test_the_master_is_found_and_replies_are_bytes(watched: WatchedRedis) -> None:
    client = client_of(watched)
    client.set("key", b"\xff")
    assert client.get("key") == b"\xff"
    assert watched.master.client().get("key") == b"\xff"


def test_sentinels_that_do_not_answer_are_passed_over(watched: WatchedRedis) -> None:
    with hanging([*watched.sentinels[:2]]):
        assert client_of(watched).ping()


def test_no_sentinel_or_a_master_that_hangs_is_given_up(watched: WatchedRedis) -> None:
    # Given a connection that works
    client = client_of(watched, 0.1)
    assert client.ping()
    # When no Sentinel answers
    with hanging([*watched.sentinels]):
        # Then the connection goes on, and a new one is given up
        assert client.ping()
        with pytest.raises(redis.ConnectionError, match="No master found"):
            client_of(watched, 0.1).ping()
    # And when the master does not answer, neither is waited for
    with hanging([watched.master]):
        for asked in (client, client_of(watched, 0.1)):
            with pytest.raises((redis.TimeoutError, redis.ConnectionError)):
                asked.ping()


def test_threads_that_look_at_once_lose_no_sentinel(watched: WatchedRedis) -> None:
    # Given threads that need a connection at the same time, again and again, while other Sentinels fail
    client = client_of(watched)
    for failing in (*watched.sentinels, *watched.sentinels):
        client.connection_pool.disconnect()
        start = Barrier(THREADS)

        def ping(_: int, start: Barrier = start) -> bool:
            start.wait()
            return bool(client.ping())

        with hanging([failing]), ThreadPoolExecutor(THREADS) as pool:
            assert all(pool.map(ping, range(THREADS)))
    # When all Sentinels but one fail, whichever it is
    # Then the one is found
    for left in watched.sentinels:
        client.connection_pool.disconnect()
        with hanging([sentinel for sentinel in watched.sentinels if sentinel is not left]):
            assert client.ping()


def test_a_client_goes_on_with_the_new_master_after_one_error_a_connection(watched: WatchedRedis) -> None:
    # Given connections that work, one of which is used by nobody now
    client, blocked = client_of(watched), client_of(watched, 60)
    client.set("before", "value")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(blocked.blpop, ["never"], 50)
        wait_until(lambda: watched.master.client().info("clients")["blocked_clients"], "the client to wait")
        # When master and replica change places
        watched.fail_over()
        # Then who waited is told, and who asks is answered by the new master
        with pytest.raises(redis.RedisError):
            waiting.result(timeout=10)
    with contextlib.suppress(redis.ConnectionError):
        client.ping()
    client.set("after", "value")
    blocked.rpush("never", "any more")
    assert watched.master.client().mget("before", "after") == [b"value", b"value"]
    assert watched.master.client().lrange("never", 0, -1) == [b"any more"]


def test_options_that_redis_py_cannot_read_are_an_error_of_the_settings() -> None:
    with pytest.raises(ConfigError, match="Invalid value for 'max_connections'"):
        connect(parse('redis.url = "redis+sentinel://s1.example/lanes?max_connections=many"'))


def test_tls_is_asked_of_sentinels_too(watched: WatchedRedis) -> None:
    url = watched.url.replace("redis+", "rediss+", 1)
    with pytest.raises(redis.ConnectionError, match="No master found"):
        connect(parse(f'redis.url = "{url}"')).ping()
