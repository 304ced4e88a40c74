"""Mail goes through a real site: a minute later it is on record, and ``lanes sla`` tells of it."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from contrib.sandbox.mail import mail
from contrib.sandbox.sink import Sink
from contrib.sandbox.site import Site
from contrib.sandbox.wait import wait_until
from tests.integration.world import UNSUBSCRIBE, running_site

#: As shipped, but in seconds; and a world that takes its time cannot keep the SLA of the normal lane.
SETTINGS = """
history.every = "1s"
[lanes.normal]
sla = "10ms"
lead = "0s"
promote_at = "0s"
alert_after = "0s"
[lanes.bulk]
sla = "10m"
lead = "30s"
promote_at = "40s"
batch = { size = 100, max_wait = "3s", streams = 5 }
"""


@pytest.fixture
def site(sink: Sink, request: pytest.FixtureRequest) -> Iterator[Site]:
    with running_site(request, sink, SETTINGS) as running:
        yield running


def rows(site: Site, columns: str, where: str = "message_count > 0") -> list[Any]:
    """What anybody who knows SQL finds."""
    path = site.folder / "history.db"
    if not path.exists():
        return []
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(f"SELECT {columns} FROM queue_sla_metrics WHERE {where} ORDER BY id").fetchall()


def written(site: Site) -> int:
    return sum(count for (count,) in rows(site, "message_count"))


def test_what_was_delivered_is_on_record_and_reported(site: Site, sink: Sink) -> None:
    # Given a one-time code, a plain message, and two newsletters that wait for three seconds
    sink.slow(0.2)
    site.send(mail("Your verification code is 123456"))
    site.send(mail("Lunch?"))
    for number in range(2):
        site.send(mail(f"News {number}", f"r{number}@bulk.example", headers=UNSUBSCRIBE))
    sink.wait_for(4, timeout=20)
    # When the minute is over
    wait_until(lambda: written(site) == 4, "the rows", timeout=90)
    # Then each lane has its row, once
    found = rows(site, "queue_type, message_count, sla_violations, p50_queue_time_ms, avg_queue_time_ms")
    assert {(lane, count, missed) for lane, count, missed, *_ in found} <= {
        ("priority", 1, 0), ("normal", 1, 1), ("bulk", 2, 0), ("bulk", 1, 0)
    }  # fmt: skip
    assert all(2900 < p50 < 20_000 and 2900 < mean < 20_000 for lane, *_, p50, mean in found if lane == "bulk")
    assert len(rows(site, "DISTINCT queue_type, measured_at", "1")) == len(rows(site, "id", "1"))
    # And the report says so, to people and to programs
    told = {one["lane"]: one for one in json.loads(site.lanes("sla", "--json"))}
    assert {lane: (one["messages"], one["missed"], one["compliance"]) for lane, one in told.items()} == {
        "priority": (1, 0, 1.0), "normal": (1, 1, 0.0), "bulk": (2, 0, 1.0)
    }  # fmt: skip
    assert told["bulk"]["held_p50_seconds"] > 2.9
    assert told["bulk"]["mta_p95_seconds"] < told["bulk"]["queue_p95_seconds"]
    assert told["priority"]["held_p50_seconds"] is None
    assert (told["priority"]["budget_left"], told["normal"]["budget_left"]) == (1.0, pytest.approx(-19))
    assert [worst["missed"] for worst in told["normal"]["worst"]] == [1]
    table = list(csv.DictReader(site.lanes("sla", "--lane", "bulk", "--csv", "--since", "1h").splitlines()))
    assert [(row["lane"], row["messages"], row["sla_seconds"]) for row in table] == [("bulk", "2", "600.0")]
    assert "where most deadlines were missed" in site.lanes("sla")
    # And the tracker has understood all that Postfix said
    tracked = site.store.tracking.told()
    assert tracked.lines > 20
    assert tracked.unparsed == 0
