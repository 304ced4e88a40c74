"""A record comes back from Redis as it was, whatever it says."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from lanes.message import Evidence, Record, printable
from lanes.policy.instants import format_instant
from lanes.store.packed import pack, unpack

DEADLINE = 1_800_000_000.0
TEXT = st.text(max_size=20)
PIECES = st.builds(
    Evidence, st.sampled_from(["deadline", "lane", "precedence"]), TEXT,
    st.one_of(TEXT.filter(bool), st.just(format_instant(DEADLINE))),
)  # fmt: skip
DOMAINS = st.sampled_from(["", "a.example", "b.example"])
ADDRESSES = st.builds("{}{}".format, TEXT, st.sampled_from(["", "@", "@a.example"])).map(printable)
RECORDS = st.builds(
    Record, st.just("bulk"), st.floats(0, 2e9), st.sampled_from([DEADLINE, DEADLINE + 0.25]), DOMAINS,
    st.integers(0, 9), TEXT, TEXT, TEXT, st.lists(PIECES, max_size=5).map(tuple),
    st.lists(ADDRESSES, max_size=3).map(tuple),
)  # fmt: skip


@given(RECORDS)
def test_what_was_packed_comes_back(record: Record) -> None:
    assert unpack(pack(record)) == record


def test_the_deadline_is_kept_once() -> None:
    # Given a record with the evidence for its deadline, and the same with evidence for an earlier one
    own = Evidence("deadline", "1d of lane bulk", format_instant(DEADLINE))
    record = Record("bulk", 0.0, DEADLINE, "a.example", 1, "", "a@b.c", "News", (own,))
    earlier = structs.replace(record, evidence=(structs.replace(own, says=format_instant(DEADLINE - 60)),))
    # Then the first is shorter by the text of an instant, and both say what they said
    assert len(pack(earlier)) - len(pack(record)) == len("2027-01-15T08:00:00Z")
    assert unpack(pack(earlier)) == earlier


def test_most_recipients_are_kept_without_the_domain() -> None:
    # Given two messages to somebody, of which one is to the record's domain
    record = Record("bulk", 0.0, DEADLINE, "a.example", 1, "", "a@b.c", "News", (), ("ann@a.example",))
    other = structs.replace(record, to=("ann@b.example",))
    # Then it takes a byte instead of the domain
    assert len(pack(other)) - len(pack(record)) == len("@b.example") - 1
    assert unpack(pack(record)) == record


@given(st.binary(max_size=100))
def test_anything_else_is_no_record(junk: bytes) -> None:
    assert unpack(junk) is None
    assert unpack(None) is None


@pytest.mark.parametrize("instant", [-1.0, 1e300, float("inf"), float("-inf"), float("nan"), 253_402_300_800.0])
def test_a_record_of_no_time_is_none_of_ours(instant: float) -> None:
    record = Record("bulk", 0.0, DEADLINE, "a.example", 1, "", "a@b.c", "News")
    for wrong in (structs.replace(record, accepted=instant), structs.replace(record, deadline=instant)):
        assert unpack(msgspec.msgpack.encode(wrong)) is None
