"""A whole site, asked and ordered by way of its API: what it says is true, and what it is told is done."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from hashlib import sha256

import pytest
from prometheus_client.parser import text_string_to_metric_families

from contrib.sandbox.caller import Caller
from contrib.sandbox.mail import Mail, mail
from contrib.sandbox.ports import LOOPBACK, free_port
from contrib.sandbox.sink import Sink
from contrib.sandbox.site import Site
from contrib.sandbox.wait import wait_until
from contrib.sandbox.watcher import Watcher
from lanes.life import State
from lanes.services.up import PROGRAMS
from tests.integration.world import UNSUBSCRIBE, arrived, running_site

OPS, WATCH = "token-ops", "token-watch"


def settings() -> str:
    """With an API, whose tokens these are, and newsletters that wait for long."""
    return (
        f'web.listen = "{LOOPBACK}:{free_port()}"\n'
        f'[web.tokens.ops]\nscope = "operate"\nsha256 = "{sha256(OPS.encode()).hexdigest()}"\n'
        f'[web.tokens.watch]\nscope = "read"\nsha256 = "{sha256(WATCH.encode()).hexdigest()}"\n'
        '[lanes.bulk]\nbatch = { size = 100, max_wait = "10h", streams = 5 }\n'
    )


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running


@pytest.fixture(scope="module")
def site(sink: Sink, request: pytest.FixtureRequest) -> Iterator[Site]:
    """One site for all tests; each has mail of its own, and leaves nothing paused or stopped."""
    with running_site(request, sink, settings(), programs=(*PROGRAMS, "api")) as running:
        yield running


@pytest.fixture
def ops(site: Site) -> Caller:
    return Caller(f"http://{site.settings.web.listen}", OPS)


def bulk(subject: str, to: str = "ann@north.example") -> Mail:
    return mail(subject, to, sender="news@example.net", headers=UNSUBSCRIBE)


def held(site: Site, message: Mail) -> str:
    """A message that is on hold, by its id."""
    id = site.send(message)
    wait_until(lambda: site.views.state_of(id) == State.HELD, f"{id} to be held")
    return id


def test_the_state_of_the_queues_is_true(site: Site, sink: Sink, ops: Caller) -> None:
    # Given newsletters that are held, beside those of other tests
    before = ops.get("/api/v1/queue/status").json["bulk"]["states"]["held"]
    ids = [held(site, bulk(f"Status {number}")) for number in range(3)]
    # When an urgent message is delivered
    urgent = site.send(mail("Your verification code is 123456", "bob@example.com"))
    arrived(sink, urgent)

    # Then the one is counted as waiting and the other as delivered in time
    def told() -> bool:
        queues = ops.get("/api/v1/queue/status").json
        return bool(queues["bulk"]["states"]["held"] == before + 3 and queues["priority"]["sla_compliance"] == 1.0)

    wait_until(told, "it to be told")
    queues = ops.get("/api/v1/queue/status").json
    assert queues.keys() == {"priority", "normal", "bulk"}
    assert queues["bulk"]["depth"] >= 3
    assert queues["bulk"]["avg_age_ms"] <= queues["bulk"]["oldest_age_ms"]
    # And the held ones are listed, with why they are held, and found
    listed = {item["id"]: item for item in ops.get("/api/v1/messages?lane=bulk&limit=1000").json["items"]}
    assert set(ids) <= listed.keys()
    assert {listed[id]["to"][0] for id in ids} == {"ann@north.example"}
    assert any(piece["rule"] == "list-unsubscribe"
               for piece in ops.get(f"/api/v1/messages/{ids[0]}/explain").json["evidence"])
    assert set(ids) <= {item["id"] for item in ops.get("/api/v1/messages?q=ann@north.example").json["items"]}


def test_a_message_is_released_by_its_id(site: Site, sink: Sink, ops: Caller) -> None:
    # Given a held newsletter
    id = held(site, bulk("Release me"))
    # When it is released, Then the worker says so, and it arrives
    order = ops.post(f"/api/v1/messages/{id}/release", {"why": "they asked"})
    assert order.status == 200
    assert (order.json["action"], order.json["status"], order.json["messages"]) == ("release", "done", 1)
    arrived(sink, id)
    # And the audit has who, what and why
    noted = ops.get("/api/v1/audit?limit=1").json["items"][0]
    assert (noted["who"], noted["what"], noted["why"], noted["ids"]) == ("ops", "release", "they asked", [id])
    # And what is done with cannot be released
    wait_until(lambda: ops.get(f"/api/v1/messages/{id}").json["state"] == "settled", "it to settle")
    again = ops.post(f"/api/v1/messages/{id}/release")
    assert again.status == 409
    assert "settled" in again.json["detail"]


def test_a_message_is_promoted(site: Site, sink: Sink, ops: Caller) -> None:
    id = held(site, bulk("Promote me"))
    assert ops.post(f"/api/v1/messages/{id}/promote").json["messages"] == 1
    assert ops.get(f"/api/v1/messages/{id}").json["lane"] == "normal"
    arrived(sink, id)


def test_a_message_is_kept_until_it_is_released(site: Site, sink: Sink, ops: Caller) -> None:
    id = held(site, bulk("Keep me"))
    assert ops.post(f"/api/v1/messages/{id}/hold").json["status"] == "done"
    assert ops.get(f"/api/v1/messages/{id}").json["state"] == "kept"
    assert ops.post(f"/api/v1/messages/{id}/release").json["messages"] == 1
    arrived(sink, id)


def test_a_lane_is_paused_and_goes_on(site: Site, sink: Sink, ops: Caller) -> None:
    # Given a lane that is paused
    assert ops.post("/api/v1/lanes/normal/pause", {"why": "storm"}).json["status"] == "done"
    try:
        assert ops.get("/api/v1/overview").json["lanes"][1]["paused"]
        # Then its mail is held
        id = held(site, mail("Minutes of the meeting", "cyd@example.com"))
    finally:
        assert ops.post("/api/v1/lanes/normal/resume").json["status"] == "done"
    # And leaves when the lane goes on
    arrived(sink, id)


def test_a_domain_is_paused_and_goes_on(site: Site, sink: Sink, ops: Caller) -> None:
    assert ops.post("/api/v1/domains/south.example/pause").json["status"] == "done"
    try:
        id = held(site, mail("Minutes of the meeting", "dan@south.example"))
    finally:
        assert ops.post("/api/v1/domains/south.example/resume").json["status"] == "done"
    arrived(sink, id)


def test_who_may_only_read_does(site: Site) -> None:
    watch = Caller(f"http://{site.settings.web.listen}", WATCH)
    assert watch.get("/api/v1/overview").status == 200
    assert watch.post("/api/v1/lanes/normal/pause").status == 403
    assert not site.views.status(0)[1].paused


def test_without_a_worker_an_order_waits_for_one(site: Site, ops: Caller) -> None:
    # Given a worker that is gone
    site.kill("worker")
    try:
        # When an order is given, Then it is taken, and not done yet
        order = ops.post("/api/v1/lanes/bulk/pause")
        assert order.status == 202
        assert (order.json["status"], order.json["messages"]) == ("ordered", None)
        assert not site.views.status(0)[2].paused
    finally:
        site.restart("worker")
    # And the next worker does it
    wait_until(lambda: site.views.status(0)[2].paused, "the lane to be paused", 30)
    assert ops.post("/api/v1/lanes/bulk/resume").json["status"] == "done"


def test_without_redis_it_says_so_and_goes_on_when_it_is_back(site: Site, ops: Caller) -> None:
    # Given somebody who watches
    pid = site.pid("api")
    with Watcher(f"http://{site.settings.web.listen}/api/v1/live", {"Authorization": f"Bearer {OPS}"}) as watcher:
        events = watcher.events()
        next(events)
        # When Redis is killed
        site.redis.kill()
        try:
            # Then whoever asks is told to come back, and the process is alive
            wait_until(lambda: ops.get("/api/v1/queue/status").status == 503, "it to be noticed")
            assert int(ops.get("/readyz").headers["Retry-After"]) > 0
            assert ops.get("/healthz").status == 200
            assert next(event for event in events if event.kind == "problem")
        finally:
            site.redis.start()
        # And it goes on when Redis is back
        wait_until(lambda: ops.get("/readyz").status == 200, "it to be back")
        assert next(event for event in events if event.kind == "overview")
    assert ops.get("/api/v1/queue/status").status == 200
    assert site.running("api")
    assert site.pid("api") == pid


def test_prometheus_is_told_with_a_token(site: Site, ops: Caller) -> None:
    assert Caller(f"http://{site.settings.web.listen}").get("/metrics").status == 401
    families = {family.name for family in text_string_to_metric_families(ops.get("/metrics").body.decode())}
    assert "lanes_up" in families


def test_a_message_is_classified_as_the_filter_does_it(site: Site, ops: Caller) -> None:
    # Given a newsletter, as the filter decided about it
    message = bulk("About passwords")
    id = held(site, message)
    decided = ops.get(f"/api/v1/messages/{id}/explain").json
    # When the same is asked about, described or as it is
    described = {"sender": message.sender, "recipients": message.recipients, "subject": "About passwords",
                 "headers": UNSUBSCRIBE, "client": ""}  # fmt: skip
    for answer in (ops.post("/api/v1/queue/classify", described), ops.post("/api/v1/queue/classify", message.content)):
        # Then the same rules speak
        assert (answer.json["queue"], answer.json["sla"]) == ("bulk", "1d")
        rules = [piece["rule"] for piece in answer.json["evidence"]]
        assert rules == [piece["rule"] for piece in decided["evidence"]]


def test_it_ends_when_it_is_told_to_though_somebody_watches(site: Site) -> None:
    with Watcher(f"http://{site.settings.web.listen}/api/v1/live", {"Authorization": f"Bearer {OPS}"}) as watcher:
        next(watcher.events())
        site.send_signal("api", signal.SIGTERM)
        wait_until(lambda: not site.running("api"), "the API to end", 20)
    site.restart("api")
