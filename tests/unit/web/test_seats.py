"""Who waits for long takes a seat, and there are no more of them than half of the threads."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from lanes.web import past
from tests.unit.web.conftest import Serve


def test_who_finds_no_seat_is_told_to_come_again(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given one seat of two threads, and somebody on it who reads a history that takes its time
    client, begun, go = serve("web.threads = 2"), threading.Event(), threading.Event()
    told: list[int] = []

    def reports(*_: Any) -> list[Any]:
        begun.set()
        assert go.wait(20)
        return []

    def ask(since: str) -> int:
        return client.application.test_client().get(f"/api/v1/sla?since={since}").status_code

    monkeypatch.setattr(past, "reports", reports)
    reading = threading.Thread(target=lambda: told.append(ask("1d")))
    reading.start()
    assert begun.wait(20)
    # When another asks, Then they are told to come again
    answer = client.get("/api/v1/sla?since=2d")
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    # And who asks for something else is answered
    assert client.get("/healthz").status_code == 200
    # And when it is read, who waited has it
    go.set()
    reading.join(20)
    assert told == [200]
