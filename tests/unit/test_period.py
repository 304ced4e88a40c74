"""What a lane delivered: measured within a bound, added up, and read back from whatever Redis holds."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanes.config.load import parse
from lanes.sla.period import Delivery, Measure, Period, due

LANES = parse("""
[lanes.normal]
sla = "1h"
lead = "1m"
[lanes.bulk]
sla = "24h"
lead = "10m"
[lanes.bulk.batch]
size = 100
max_wait = "1h"
streams = 5
[lanes.bulk.batch.domains."slow.example"]
max_wait = "4h"
""").lanes
seconds = st.floats(0.001, 1e6)
deliveries = st.lists(st.builds(Delivery, seconds, st.booleans(), st.none() | seconds, st.none() | seconds), min_size=1)


def exact(values: Sequence[float], q: float) -> float:
    return sorted(values)[max(math.ceil(q * len(values)), 1) - 1]


@given(deliveries, st.sampled_from([0.5, 0.95, 0.99]))
def test_every_measure_is_within_two_percent_of_the_exact_one(delivered: list[Delivery], q: float) -> None:
    # Given the deliveries of some minutes, added up
    whole = Period.merged(map(Period.of, delivered))
    # When a percentile of each measure is asked for
    values = {
        Measure.QUEUE: [one.queue for one in delivered],
        Measure.HELD: [one.held for one in delivered if one.held is not None],
        Measure.LATENESS: [one.lateness for one in delivered if one.lateness is not None],
        Measure.MTA: [max(one.queue - (one.held or 0), 0.001) for one in delivered],
    }
    # Then it is near what sorting all of them says
    for measure, taken in values.items():
        told = whole.percentile(measure, q)
        assert (told is None) == (not taken)
        assert told is None or told == pytest.approx(exact(taken, q), rel=0.02)


@given(deliveries)
def test_counts_and_the_mean_are_exact(delivered: list[Delivery]) -> None:
    whole = Period.merged(map(Period.of, delivered))
    assert whole.messages == len(delivered)
    assert whole.missed == sum(not one.kept for one in delivered)
    assert whole.mean == pytest.approx(sum(one.queue for one in delivered) / len(delivered), abs=0.0006)


@given(deliveries)
def test_what_is_stored_is_read_back(delivered: list[Delivery]) -> None:
    whole = Period.merged(map(Period.of, delivered))
    stored = {field.encode(): str(count).encode() for field, count in whole.fields.items()}
    assert Period.read(stored).fields == whole.fields


def test_what_is_no_field_is_left_out() -> None:
    # Given a hash with other people's fields and values in it
    stored = {b"q7": b"2", b"q": b"1", b"x7": b"1", b"q7 ": b"1", b"ms": b"junk", b"\xff": b"1", b"missed": b"-1",
              b"m3": b"9" * 30}
    # Then only what we may have written counts
    assert Period.read(stored).fields == {"q7": 2}


def test_a_lane_that_delivered_nothing_has_no_percentile_and_no_mean() -> None:
    nothing = Period()
    assert (nothing.messages, nothing.missed, nothing.mean) == (0, 0, None)
    assert nothing.percentile(Measure.QUEUE, 0.5) is None


@pytest.mark.parametrize(
    ("lane", "domain", "deadline", "latest"),
    [
        ("normal", "example.com", 3600, 3540),
        ("normal", "example.com", 30, 0),
        ("bulk", "example.com", 86400, 3600),
        ("bulk", "slow.example", 86400, 4 * 3600),
        ("bulk", "example.com", 1800, 1200),
    ],
)
def test_a_held_message_is_due_by_its_lead_and_by_its_batchs_patience(
    lane: str, domain: str, deadline: float, latest: float
) -> None:
    accepted = 1_000_000.0
    assert due(LANES[lane], domain, accepted, accepted + deadline) == accepted + latest
