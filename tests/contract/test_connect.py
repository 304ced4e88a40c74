"""The client that all programs use: how long it waits, and what it returns."""

from __future__ import annotations

import signal

import pytest
import redis

from contrib.sandbox.redis import PrivateRedis
from lanes.config.load import parse
from lanes.store.connect import connect

#: What a site might write into its URL, and must not have: no test could wait for it.
WISHES = "?socket_timeout=3600&decode_responses=true&retry_on_timeout=true"


def client_of(server: PrivateRedis) -> redis.Redis:
    return connect(parse(f'redis.url = "{server.url}{WISHES}"'), timeout=0.1)


def test_replies_are_bytes_whatever_the_url_says(server: PrivateRedis) -> None:
    client = client_of(server)
    client.set("key", b"\xff")
    assert client.get("key") == b"\xff"


def test_a_server_that_hangs_is_given_up_whatever_the_url_says() -> None:
    # Given a connection that works
    with PrivateRedis() as server:
        client = client_of(server)
        assert client.ping()
        # When the server does not answer any more
        server.signal(signal.SIGSTOP)
        # Then neither the old connection nor a new one is waited for
        try:
            with pytest.raises(redis.TimeoutError):
                client.ping()
            with pytest.raises(redis.TimeoutError):
                client_of(server).ping()
        finally:
            server.signal(signal.SIGCONT)


def test_a_server_that_is_gone_is_asked_once_and_found_again() -> None:
    # Given a server that was killed
    with PrivateRedis() as server:
        client = client_of(server)
        client.set("key", "value")
        server.kill()
        # When it is asked
        # Then there is an error, and no error once it is back, with its data
        with pytest.raises(redis.ConnectionError):
            client.get("key")
        server.start()
        assert client.get("key") == b"value"
