"""Durations, sizes and addresses as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanes.config.units import Seconds, format_seconds, parse_address_entry, parse_bytes, parse_seconds


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("30s", 30), ("5m", 300), ("24h", 86400), ("7d", 604800), ("2w", 1209600), ("250ms", 0.25), ("1.5h", 5400),
        ("1h30m", 5400), ("1d2h3m4s5ms", 93784.005), ("0s", 0), (90, 90), (0.5, 0.5), (0, 0),
    ],
)  # fmt: skip
def test_a_duration_is_read(written: object, seconds: float) -> None:
    assert parse_seconds(written) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "written",
    ["", "5", "m", "5 m", "-5m", "5M", "5min", "1h 30m", "1e3s", "٥s", -1, float("nan"), float("inf"), True, None, []],
)
def test_what_is_no_duration_is_refused_with_an_example(written: object) -> None:
    with pytest.raises(ValueError, match=r"allowed: a duration such as \"30s\", \"5m\"") as error:
        parse_seconds(written)
    assert str(error.value).startswith(f"found {written!r}, ")


@given(st.integers(0, 10**13).map(lambda milliseconds: milliseconds / 1000))
def test_a_duration_in_milliseconds_is_printed_exactly(seconds: float) -> None:
    assert parse_seconds(format_seconds(seconds)) == pytest.approx(seconds, rel=1e-12)


@pytest.mark.parametrize(
    ("seconds", "printed"),
    [(0, "0s"), (0.05, "50ms"), (90, "1m30s"), (86400, "1d"), (604800, "7d"), (3661.5, "1h1m1s500ms")],
)
def test_a_duration_is_printed_without_empty_parts(seconds: float, printed: str) -> None:
    assert (format_seconds(seconds), str(Seconds(seconds))) == (printed, printed)


@pytest.mark.parametrize(
    ("written", "size"),
    [("250KB", 250_000), ("10MiB", 10 * 2**20), ("1 GB", 10**9), ("7B", 7), (250_000, 250_000), ("0B", 0)],
)
def test_a_size_is_read(written: object, size: int) -> None:
    assert parse_bytes(written) == size


@pytest.mark.parametrize("written", ["", "5", "KB", "-5KB", "5kb", "5 parsecs", "1.5MB", -1, 1.5, True, None])
def test_what_is_no_size_is_refused_with_an_example(written: object) -> None:
    with pytest.raises(ValueError, match="allowed: a size such as \"250KB\"") as error:
        parse_bytes(written)
    assert str(error.value).startswith(f"found {written!r}, ")


@pytest.mark.parametrize(
    ("written", "entry"),
    [("Ann@Example.COM", "ann@example.com"), (" example.com. ", "example.com"), ("*.Example.com", "*.example.com")],
)
def test_an_entry_of_an_address_table_is_read_in_lower_case(written: str, entry: str) -> None:
    assert parse_address_entry(written) == entry


@pytest.mark.parametrize("written", ["", "@example.com", "*example.com", "a@*.example.com", "a b@example.com", "a@"])
def test_what_is_no_address_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"allowed: an address, a domain, or '\*\.' and a domain"):
        parse_address_entry(written)
