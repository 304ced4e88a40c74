"""What is measured of deliveries, minute by minute; and how far the tracker has read: on Valkey and on Redis."""

from __future__ import annotations

from typing import cast

import pytest

from lanes.life import Result
from lanes.message import Progress, Record
from lanes.sla.period import Measure, Period
from lanes.store.settling import Settlement
from lanes.store.store import Candidate, Store

NOW = 1_000_000.0
HOUR = 3600.0


def deliver(store: Store, id: str, taken: float, released: float | None = None, lane: str = "bulk") -> None:
    """Accepted at NOW, with a deadline a day later."""
    store.admit(id, [Candidate(Record(lane, NOW, NOW + 24 * HOUR, "example.com", 1, "", "a@b.c", "hello"))], NOW)
    store.settle([Settlement(id, Result.DELIVERED, NOW + taken, taken, released)])


def minute(store: Store, at: float, lane: str = "bulk") -> Period:
    stored = cast("dict[bytes, bytes]", store.client.hgetall(store.keys.histogram(lane, int(at // 60))))
    return Period.read(stored)


def test_time_held_time_with_the_mta_and_lateness_add_up_to_the_truth(store: Store) -> None:
    # Given a message that was due after an hour, let go 90 seconds later, and delivered in 30 more
    deliver(store, "a", HOUR + 120, NOW + HOUR + 90)
    # Then each of them is counted in the minute of its delivery
    told = minute(store, NOW + HOUR + 120)
    measured = {measure: told.percentile(measure, 0.5) for measure in Measure}
    assert measured == {
        Measure.QUEUE: pytest.approx(HOUR + 120, rel=0.02), Measure.HELD: pytest.approx(HOUR + 90, rel=0.02),
        Measure.MTA: pytest.approx(30, rel=0.02), Measure.LATENESS: pytest.approx(90, rel=0.02),
    }  # fmt: skip
    assert (told.messages, told.missed, told.mean) == (1, 0, HOUR + 120)


def test_what_leaves_before_it_is_due_is_not_late(store: Store) -> None:
    deliver(store, "a", 60, NOW + 50)
    assert minute(store, NOW + 60).percentile(Measure.LATENESS, 1.0) == pytest.approx(0.001, rel=0.02)


def test_what_was_never_held_has_no_time_held(store: Store) -> None:
    deliver(store, "a", 2, lane="priority")
    told = minute(store, NOW + 2, "priority")
    assert (told.percentile(Measure.HELD, 0.5), told.percentile(Measure.LATENESS, 0.5)) == (None, None)
    assert told.percentile(Measure.MTA, 0.5) == pytest.approx(2, rel=0.02)


def test_a_delivery_after_the_deadline_is_a_violation_and_a_bounce_is_none(store: Store) -> None:
    # Given one message that came too late, one that bounced, and one that the MTA gave up
    deliver(store, "late", 25 * HOUR)
    for id, how in (("bounced", Result.BOUNCED), ("expired", Result.EXPIRED)):
        store.admit(id, [Candidate(Record("bulk", NOW, NOW + HOUR, "example.com", 1, "", "a@b.c", "hello"))], NOW)
        store.settle([Settlement(id, how, NOW + 25 * HOUR)])
    # Then the first one counts as missed, and the others do not count there
    told = minute(store, NOW + 25 * HOUR)
    assert (told.messages, told.missed) == (1, 1)


def test_a_delivery_that_is_told_twice_is_measured_once(store: Store) -> None:
    deliver(store, "a", 60, NOW + 50)
    before = minute(store, NOW + 60).fields
    store.settle([Settlement("a", Result.DELIVERED, NOW + 60, 60, NOW + 50)])
    assert minute(store, NOW + 60).fields == before
    assert 0 < store.client.ttl(store.keys.histogram("bulk", int((NOW + 60) // 60))) <= 7 * 86400


def test_what_was_measured_since_the_beginning_is_all_minutes_together_and_stays(store: Store) -> None:
    # Given deliveries in several minutes
    taken = {"a": 30.0, "b": 90.0, "c": 95.0, "d": 3600.0}
    for id, seconds in taken.items():
        deliver(store, id, seconds, NOW + seconds / 2)
    # Then all of them together are kept, and do not expire
    starts = {(NOW + seconds) // 60 * 60 for seconds in taken.values()}
    minutes, key = Period.merged(minute(store, start) for start in starts), store.keys.measured("bulk")
    assert Period.read(cast("dict[bytes, bytes]", store.client.hgetall(key))).fields == minutes.fields
    assert (minutes.messages, store.client.ttl(key)) == (4, -1)


def test_what_ends_in_several_domains_at_once_is_counted_together(store: Store) -> None:
    # Given mail of two lanes to several domains
    records = {f"m{number}": Record(lane, NOW, NOW + HOUR, f"d{number % 3}.example", 1, "", "a@b.c", "")
               for number, lane in enumerate(["bulk"] * 6 + ["normal"] * 2)}  # fmt: skip
    for id, record in records.items():
        store.admit(id, [Candidate(record)], NOW)
    # When all of it ends in one go, twice told, with something that nobody knows
    ends = [Settlement(id, Result.DELIVERED, NOW + 9, 9.0) for id in (*records, *records, "unknown")]
    # Then each message ended once, is counted once, and waits nowhere
    assert {end.id: record for end, record in store.settle(ends)} == records
    assert [minute(store, NOW + 9, lane).messages for lane in ("bulk", "normal")] == [6, 2]
    assert store.client.hget(store.keys.totals, "kept:bulk") == b"6"
    assert store.client.zcard(store.keys.sizes("bulk")) == 0


def test_a_message_that_lives_on_under_a_new_id_takes_along_what_was_told_of_it(store: Store) -> None:
    # Given a released message that a content filter gives back under a new id
    store.admit("old", [Candidate(Record("bulk", NOW, NOW + HOUR, "example.com", 1, "", "a@b.c", "hello"))], NOW)
    store.note({"old": Progress(released=NOW + 5)})
    store.requeue("old", "new", NOW + 7)
    store.note({"new": Progress(before=7)})
    # Then both is known under the new one
    assert store.progress(["new"])["new"] == Progress(released=NOW + 5, before=7)


def test_how_far_the_log_was_read_is_kept_with_how_much_of_it_could_not_be(store: Store) -> None:
    assert store.tracking.told() == (0, 0, 0.0)
    store.tracking.save({"inode": "7"}, 1000, 2, NOW)
    store.tracking.save({"inode": "8"}, 10, 1, NOW)
    store.tracking.at_end(NOW)
    assert store.tracking.told() == (1010, 3, NOW)
    assert store.tracking.place()["inode"] == "8"


def test_a_place_that_cannot_be_read_is_none(store: Store) -> None:
    store.client.hset(store.keys.place, mapping={"end": "junk", "lines": b"\xff"})
    assert store.tracking.told() == (0, 0, 0.0)
