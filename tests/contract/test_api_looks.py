"""What the API answers, over a real Redis and a real Valkey."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from contrib.sandbox.redis import PrivateRedis
from lanes.house import House
from lanes.message import Evidence, Record
from lanes.store.store import Candidate, Store
from lanes.web.app import create_app

NOW = 1_800_000_000.0
EVIDENCE = (Evidence("one-time-code", "code", "lane priority"),)


def record(lane: str, domain: str = "example.com") -> Record:
    return Record(lane=lane, accepted=NOW - 10, deadline=NOW + 50, domain=domain, recipients=1, relay="",
                  sender="a@example.net", subject="Hello", evidence=EVIDENCE)


@pytest.fixture
def house(server: PrivateRedis, tmp_path: Path) -> House:
    file = tmp_path / "lanes.toml"
    file.write_text(f'redis.url = "{server.url}"\ndata_dir = "{tmp_path}"\n[lanes.bulk]\n'
                    'batch = { size = 3, max_wait = "1h", streams = 2 }\n')
    return House(file)


@pytest.fixture
def client(house: House) -> FlaskClient:
    return create_app(house, lambda: NOW).test_client()


def test_the_state_of_each_lane(client: FlaskClient, store: Store) -> None:
    # Given a held newsletter and an urgent message that passed
    store.admit("AA0001", [Candidate(record("bulk"))], NOW)
    store.admit("AA0002", [Candidate(record("priority"))], NOW)
    # Then the paper's status tells of both
    told = client.get("/api/v1/queue/status").json
    assert told is not None
    assert {lane: queue["depth"] for lane, queue in told.items()} == {"priority": 1, "normal": 0, "bulk": 1}
    assert told["bulk"]["avg_age_ms"] == 10_000
    # And so does the overview, with the batch that forms and the decisions
    overview = client.get("/api/v1/overview").json
    assert overview is not None
    assert [(one["domain"], one["held"], one["batch"]) for one in overview["domains"]] == [("example.com", 1, 3)]
    assert [one["id"] for one in overview["decisions"]] == ["AA0002", "AA0001"]


def test_a_message_and_why_it_is_where_it_is(client: FlaskClient, store: Store) -> None:
    store.admit("AA0001", [Candidate(record("bulk"))], NOW)
    listed = client.get("/api/v1/messages?state=held&lane=bulk").json
    shown = client.get("/api/v1/messages/AA0001").json
    assert listed is not None
    assert listed["items"] == [shown]
    explained = client.get("/api/v1/messages/AA0001/explain").json
    assert explained is not None
    assert explained["evidence"] == [{"rule": "one-time-code", "saw": "code", "says": "lane priority"}]


def test_what_is_not_known_is_said_so(client: FlaskClient) -> None:
    answer = client.get("/api/v1/messages/AA0009")
    assert answer.status_code == 404
    assert answer.mimetype == "application/problem+json"
