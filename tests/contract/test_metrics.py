"""What Prometheus is told of one MTA's house: read from Valkey and from Redis."""

from __future__ import annotations

import math
import subprocess
from collections.abc import Sequence

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_plain
from redis import Redis

from lanes.config import Settings
from lanes.config.load import parse
from lanes.jobs.queues import enqueue_reconcile, mta_queue
from lanes.life import Result, State
from lanes.message import Record
from lanes.metrics.collector import House, exposition
from lanes.routes.health import Tried
from lanes.schedule.view import Wave
from lanes.store.alerts import Alerts
from lanes.store.keys import Keys, SharedKeys
from lanes.store.orders import Orders
from lanes.store.relays import Flight, Relays
from lanes.store.settling import Settlement
from lanes.store.sinks import Sinks
from lanes.store.store import Candidate, Store

NOW = 1_800_000_000.0
HOUR = 3600.0


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return parse(f"""
        redis.url = "{settings.redis.url}"
        manager.window = 10
        [lanes.priority]
        max_size = 3
        [lanes.bulk]
        batch = {{ size = 3, max_wait = "1h", streams = 2 }}
        [relays.premium]
        transport = "premium"
        cost = 0.02
        [relays.economy]
        transport = "economy"
        cost = 0.001
        [alerts.sinks.pager]
        kind = "log"
        """)


@pytest.fixture
def house(store: Store, settings: Settings) -> House:
    return House(store, settings, lambda: NOW)


def value(house: House, name: str, **labels: str) -> float | None:
    """Of the one series that has these labels; None if there is none."""
    samples = [sample for family in house.collect() for sample in family.samples]
    found = [one.value for one in samples if one.name == name and labels.items() <= one.labels.items()]
    assert len(found) <= 1, f"{len(found)} series of {name} have the labels {labels}"
    return found[0] if found else None


def names(house: House) -> list[str]:
    return [family.name for family in house.collect()]


def admit(store: Store, id: str, lane: str = "bulk", *, accepted: float = NOW, deadline: float = NOW + 24 * HOUR,
          domain: str = "a.example") -> None:
    store.admit(id, [Candidate(Record(lane, accepted, deadline, domain, 1, "", "a@b.c", "hello"))], accepted)


def deliver(store: Store, id: str, taken: float, lane: str = "normal", *, at: float = NOW,
            released: float | None = None) -> None:
    """Delivered at ``at``, in time if within an hour."""
    admit(store, id, lane, accepted=at - taken, deadline=at - taken + HOUR)
    store.settle([Settlement(id, Result.DELIVERED, at, taken, released)])


def test_mail_is_counted_by_lane_and_by_what_became_of_it(store: Store, house: House) -> None:
    # Given mail that came in time, too late, and not at all, and mail for which there was no room
    deliver(store, "in time", 10)
    deliver(store, "late", 2 * HOUR)
    admit(store, "bounced", "normal")
    store.settle([Settlement("bounced", Result.BOUNCED, NOW)])
    # Then each is counted once, in its own lane
    assert value(house, "lanes_messages_accepted_total", lane="normal") == 3
    assert value(house, "lanes_messages_settled_total", lane="normal", result="delivered") == 2
    assert value(house, "lanes_messages_settled_total", lane="normal", result="bounced") == 1
    assert value(house, "lanes_sla_total", lane="normal", result="kept") == 1
    assert value(house, "lanes_sla_total", lane="normal", result="missed") == 1
    assert value(house, "lanes_messages_accepted_total", lane="bulk", mta="mx1") == 0


def test_mail_for_which_a_lane_has_no_room_is_counted_as_refused(store: Store, settings: Settings) -> None:
    small = parse(f'redis.url = "{settings.redis.url}"\n[lanes.normal]\nmax_size = 1')
    for number in range(3):
        admit(Store(store.client, small), f"n{number}", "normal")
    assert value(House(store, small), "lanes_messages_refused_total", lane="normal") == 2


def test_a_lanes_backlog_is_told_by_heads_and_counts(store: Store, house: House) -> None:
    # Given a lane with mail for two domains: late, due, and neither; and some with the MTA, one of it late
    admit(store, "late", accepted=NOW - 5 * HOUR, deadline=NOW - 1)
    admit(store, "due", deadline=NOW + 60)
    admit(store, "early", domain="b.example")
    for id, deadline in (("on its way", NOW + HOUR), ("stuck", NOW - 1)):
        admit(store, id, deadline=deadline, domain="c.example")
        store.move("start", [id], NOW - 10)
    store.move("defer", ["stuck"], NOW - 5)
    # Then all of it is told
    depths = {state: value(house, "lanes_depth", lane="bulk", state=state) for state in State}
    assert depths == {State.HELD: 3, State.INFLIGHT: 1, State.DEFERRED: 1, State.RELEASING: 0, State.WITHHELD: 0,
                      State.KEPT: 0}  # fmt: skip
    assert value(house, "lanes_due", lane="bulk") == 2
    assert value(house, "lanes_overdue", lane="bulk", where="held") == 1
    assert value(house, "lanes_overdue", lane="bulk", where="mta") == 1
    assert value(house, "lanes_oldest_age_seconds", lane="bulk") == 5 * HOUR
    assert value(house, "lanes_oldest_age_seconds", lane="priority") == 0
    assert value(house, "lanes_batches", lane="bulk") == 2
    assert value(house, "lanes_batches_due", lane="bulk") == 1
    assert value(house, "lanes_batches", lane="normal") is None


def test_what_fills_the_window_is_told_beside_it(store: Store, house: House) -> None:
    # Given a batch of which a part has left, mail in flight, and a tracker that lives
    store.tracking.save({}, 1, 0, NOW)
    for number in range(3):
        admit(store, f"b{number}")
    admit(store, "p", "priority")
    store.claim(Wave("bulk", "a.example", 2, "size", owed=1), NOW + 30)
    # Then it says so
    assert (value(house, "lanes_window"), value(house, "lanes_inflight", lane="bulk")) == (10, 2)
    assert value(house, "lanes_inflight", lane="priority") == 1
    assert value(house, "lanes_batches_owed", lane="bulk") == 1


def test_a_lane_that_an_operator_stopped_is_told(store: Store, settings: Settings, house: House) -> None:
    Orders(store, settings).pause("lane:bulk")
    assert [value(house, "lanes_paused", lane=lane) for lane in ("bulk", "normal")] == [1, 0]


def test_times_are_histograms_with_a_boundary_at_each_promise(store: Store, house: House) -> None:
    # Given deliveries within the lane's SLA, at it, and beyond it
    for number, taken in enumerate([1.5, 2 * 60.0, 5 * 60.0, 6 * 60.0]):
        deliver(store, f"p{number}", taken, "priority", at=NOW + number)
    below = {le: value(house, "lanes_queue_seconds_bucket", lane="priority", le=le)
             for le in ("1.0", "2.5", "120.0", "300.0", "+Inf")}  # fmt: skip
    # Then the part within it can be read off, and the mean is exact
    assert below == {"1.0": 0, "2.5": 1, "120.0": 2, "300.0": 3, "+Inf": 4}
    assert value(house, "lanes_queue_seconds_sum", lane="priority") == 1.5 + 13 * 60
    assert value(house, "lanes_queue_seconds_count", lane="priority") == 4


def test_time_on_hold_and_time_with_the_mta_are_told_apart(store: Store, house: House) -> None:
    # Given bulk mail whose slack was down to the lane's lead after 50 minutes, let go after 61 and a half, and
    # delivered in half a minute more
    deliver(store, "b", HOUR + 120, "bulk", at=NOW + HOUR + 120, released=NOW + HOUR + 90)
    sums = {name: value(house, f"lanes_{name}_seconds_sum", lane="bulk")
            for name in ("queue", "held", "mta", "release_lateness")}  # fmt: skip
    assert sums == {"queue": HOUR + 120, "held": pytest.approx(HOUR + 90, rel=0.01),
                    "mta": pytest.approx(30, rel=0.01), "release_lateness": pytest.approx(690, rel=0.01)}  # fmt: skip


def test_what_was_promised_is_told_and_what_was_not_is_left_out(house: House) -> None:
    assert value(house, "lanes_lane_sla_seconds", lane="priority") == 300
    assert value(house, "lanes_lane_objective_ratio", lane="priority") == 0.99
    assert value(house, "lanes_lane_max_size", lane="priority") == 3
    assert value(house, "lanes_lane_max_size", lane="bulk") is None
    assert value(house, "lanes_lane_alert_after_seconds", lane="normal") == 1800
    assert value(house, "lanes_lane_alert_after_seconds", lane="bulk") is None


def test_programs_and_what_they_have_to_do_are_told(store: Store, settings: Settings, house: House) -> None:
    # Given a manager that lives, a tracker that has read some of its log, and a job for the worker
    store.beat("manager", NOW - 3)
    store.tracking.save({}, 1000, 2, NOW - 60)
    never = value(house, "lanes_tracker_lag_seconds")
    store.tracking.at_end(NOW - 7)
    enqueue_reconcile(mta_queue(store.client, settings), settings)
    # Then that is told
    heard = {one: value(house, "lanes_heard_timestamp_seconds", program=one) for one in ("manager", "notifier")}
    assert heard == {"manager": NOW - 3, "notifier": 0}
    assert (never, value(house, "lanes_tracker_lag_seconds")) == (math.inf, 7)
    assert value(house, "lanes_tracker_lines_total") == 1000
    assert value(house, "lanes_tracker_unparsed_total") == 2
    assert [value(house, "lanes_jobs_waiting", queue=queue) for queue in ("mta", "notify")] == [1, 0]


def test_relays_and_what_was_spent_by_each_are_told(store: Store, settings: Settings, house: House) -> None:
    # Given a relay that delivers, one that is down, and mail that was paid for
    relays = Relays(store.client, settings)
    fault = Tried(NOW, "deferred", "4.4.1 refused", None, "")
    relays.learn(1, {"premium": [Tried(NOW, "sent", "", 0.5)]})
    relays.learn(2, {"economy": [fault._replace(destination=f"{number}.example") for number in range(5)]})
    relays.moved(Flight({"premium": {"a": NOW, "b": NOW}}, {}), NOW)
    admit(store, "c", "normal")
    store.settle([Settlement("c", Result.DELIVERED, NOW, 5.0, None, "economy")])
    # Then that is told, and what there was none of is zero
    assert [value(house, "lanes_relay_up", relay=relay) for relay in ("premium", "economy")] == [1, 0]
    assert value(house, "lanes_relay_latency_seconds", relay="premium") == 0.5
    assert value(house, "lanes_relay_latency_seconds", relay="economy") is None
    assert value(house, "lanes_relay_deliveries_total", relay="economy", result="deferred") == 5
    assert value(house, "lanes_relay_deliveries_total", relay="economy", result="sent") == 0
    assert [value(house, "lanes_relay_depth", relay=relay) for relay in ("premium", "economy")] == [2, 0]
    costs = {relay: value(house, "lanes_cost_total", lane="normal", relay=relay) for relay in settings.relays}
    assert costs == {"premium": 0, "economy": 0.001}
    assert value(house, "lanes_cost_premium_total", lane="normal") == 0.02
    assert value(house, "lanes_cost_premium_total", lane="bulk") == 0


def test_alerts_that_fire_are_counted_and_the_others_are_zero(store: Store, settings: Settings, house: House) -> None:
    # Given programs of which one lives, and a sink that was told and failed
    store.beat("manager", NOW)
    sinks = Sinks(store.client, settings.mta.name)
    for _ in range(2):
        sinks.told("pager", NOW)
    sinks.failed("pager", "it said no", NOW)
    # Then the others are silent, and nothing else is wrong
    assert len(Alerts(store, settings).firing(NOW)) == 3
    assert value(house, "lanes_alerts_firing", alert="silent", severity="critical") == 3
    assert value(house, "lanes_alerts_firing", alert="overdue_held", severity="critical") == 0
    told = [value(house, "lanes_notices_total", sink="pager", result=result) for result in ("told", "failed")]
    assert told == [2, 1]


def test_without_redis_it_is_told_that_there_is_none_and_nothing_more(settings: Settings) -> None:
    house = House(Store(Redis.from_url("unix:///nonexistent/redis.sock"), settings), settings)
    assert names(house) == ["lanes_build_info", "lanes_up"]
    assert (value(house, "lanes_up"), value(house, "lanes_build_info")) == (0, 1)


def test_something_else_under_one_of_our_names_is_as_good_as_no_redis(store: Store, house: House) -> None:
    store.client.set(store.keys.totals, "a string")
    assert (names(house), value(house, "lanes_up")) == (["lanes_build_info", "lanes_up"], 0)


JUNK = [b"", b"\xff\xfe", b"nan", b"inf", b"-1", b"9" * 400, b"\x81", b'"}\n# EOF']


def fill_with_junk(client: Redis, keys: Keys, lanes: Sequence[str]) -> None:
    """What we never wrote, under our names."""
    for lane in lanes:
        for what, junk in zip(("accepted", *Result), JUNK, strict=False):
            client.hset(keys.totals, f"{what}:{lane}", junk)
    for field in ("lines", "unparsed", "end", "read"):
        client.hset(keys.place, field, b"9" * 400)
    for key in (keys.seen, keys.window, keys.alerts, keys.sinks, *(keys.measured(lane) for lane in lanes)):
        client.hset(key, mapping={name: junk for name in (*JUNK, b"q99999", b"manager", b"kept") for junk in JUNK})
    for lane in lanes:
        client.hset(keys.measured(lane), mapping={b"q9999": b"9" * 18, b"h-9999": b"3", b"ms": b"9" * 18})
        for state in State:
            client.zadd(keys.state(state, lane), {junk: score for junk in JUNK for score in (math.inf, -math.inf)})
            client.hset(keys.records, mapping=dict.fromkeys(JUNK, b"\x93\xa4bulk\xcb\x7f\xf0"))
    client.sadd(keys.paused, *JUNK)
    client.hset(SharedKeys.relays, mapping={"premium": b"junk", "economy": b"\x9d" + b"\xcb\x7f\xf0" * 13})
    client.hset(keys.costs, mapping=dict(zip(("micro:bulk:premium", "messages:bulk:premium", "x"), JUNK, strict=False)))
    client.zadd(SharedKeys.flying("premium"), dict.fromkeys(JUNK, math.inf))


def test_whatever_redis_holds_there_is_an_exposition_that_prometheus_understands(
    store: Store, settings: Settings, house: House
) -> None:
    # Given a Redis in which nothing is what we wrote
    fill_with_junk(store.client, store.keys, list(settings.lanes))
    # When it is scraped
    body, _ = exposition(house)
    # Then what comes is in order
    assert value(house, "lanes_up") == 1
    checked = subprocess.run(["promtool", "check", "metrics"], input=body, capture_output=True, check=False)
    assert (checked.returncode, checked.stderr, checked.stdout) == (0, b"", b"")


def test_the_cost_does_not_grow_with_the_backlog(store: Store, house: House) -> None:
    # Given a scrape with one message on hold, in commands that Redis carried out
    admit(store, "b", domain="d0.example")
    before = commands(store.client, house)
    # When there are a thousand, for a hundred domains
    for number in range(1000):
        admit(store, f"b{number}", domain=f"d{number % 100}.example")
    # Then another takes not one command more
    assert value(house, "lanes_batches", lane="bulk") == 100
    assert commands(store.client, house) == before


def commands(client: Redis, house: House) -> int:
    client.config_resetstat()
    list(house.collect())
    return sum(int(stats["calls"]) for stats in client.info("commandstats").values()) - 1


@pytest.mark.parametrize("accept", ["", "text/plain;version=0.0.4;q=0.5,*/*;q=0.1", "\0;;=,text/plain;version=x"])
def test_who_asks_for_nothing_in_particular_is_told_in_the_plain_format(house: House, accept: str) -> None:
    body, content_type = exposition(house, accept)
    assert content_type == "text/plain; version=0.0.4; charset=utf-8"
    assert "lanes_up" in {family.name for family in read_plain(body.decode())}


@pytest.mark.parametrize("accept", ["application/openmetrics-text;version=1.0.0,text/plain;q=0.5",
                                    "application/openmetrics-text; version=junk"])
def test_who_asks_for_openmetrics_gets_it(house: House, accept: str) -> None:
    body, content_type = exposition(house, accept)
    assert content_type == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert "lanes_messages_accepted" in {family.name for family in read_openmetrics(body.decode())}
