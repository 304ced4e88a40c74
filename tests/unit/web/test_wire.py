"""What a connection keeps of a stream that does not end."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from waitress.server import create_server

from contrib.sandbox.ports import LOOPBACK
from contrib.sandbox.wait import wait_until
from lanes.web.serve import UNREAD_MAX
from lanes.web.wire import Channel

EVENT, EVENTS = b"x" * 10_000, 100


@pytest.fixture
def streaming() -> Iterator[tuple[Any, threading.Event]]:
    """A server that sends an event each time that the last one was read, then waits to be told to end."""
    end = threading.Event()

    def app(_environ: object, start: Callable[..., object]) -> Iterator[bytes]:
        start("200 OK", [("Content-Type", "text/event-stream")])
        for _ in range(EVENTS):
            yield EVENT
            wait_until(lambda: not channel_of(server).total_outbufs_len, "all to be sent")
        end.wait(30)

    server: Any = create_server(app, listen=f"{LOOPBACK}:0", outbuf_high_watermark=UNREAD_MAX)
    server.channel_class = Channel
    threading.Thread(target=server.run, daemon=True).start()
    yield server, end
    end.set()
    server.task_dispatcher.shutdown()
    server.close()


def channel_of(server: Any) -> Channel:
    (channel,) = server.active_channels.values()
    assert isinstance(channel, Channel)
    return channel


def test_what_was_sent_of_a_stream_is_forgotten(streaming: tuple[Any, threading.Event]) -> None:
    # Given a stream of a megabyte, of which all is read
    server, _ = streaming
    with socket.create_connection((LOOPBACK, server.effective_port), 10) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        left = len(EVENT) * EVENTS
        while left > 0:
            left -= len(client.recv(65536))
        # Then no more than the last event is kept
        kept = sum(len(one.getfile().getvalue()) for one in channel_of(server).outbufs)
        assert kept < 2 * len(EVENT)
