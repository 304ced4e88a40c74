"""Numbers as Redis has them, and what is none."""

from __future__ import annotations

import pytest

from lanes.store.stored import count, instant


def test_a_number_that_was_stored_is_that_number() -> None:
    assert (count(b"0"), count(b"4711"), instant(b"1800000000.5"), instant(b"0")) == (0, 4711, 1_800_000_000.5, 0.0)


@pytest.mark.parametrize("stored", [None, b"", b"junk", b"\xff", b"nan", b"inf", b"-inf", b"1e999", "²".encode()])
def test_what_is_no_number_is_nothing(stored: bytes | None) -> None:
    assert (count(stored), instant(stored)) == (0, None)


@pytest.mark.parametrize("stored", [b"-1", b"1.5", b"1\n", b"9" * 19, b"9" * 5000])
def test_what_cannot_be_a_count_is_none(stored: bytes) -> None:
    assert count(stored) == 0
