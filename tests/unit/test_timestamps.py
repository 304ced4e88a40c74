"""Instants as text."""

from __future__ import annotations

import pytest

from lanes.timestamps import rfc3339


@pytest.mark.parametrize(("instant", "text"), [
    (1_800_000_000.25, "2027-01-15T08:00:00.250Z"),
    (0.0, "1970-01-01T00:00:00.000Z"),
    (-1.0, "1970-01-01T00:00:00.000Z"),
    (1e300, "9999-12-31T23:59:59.000Z"),
    (float("inf"), "9999-12-31T23:59:59.000Z"),
    (float("nan"), "1970-01-01T00:00:00.000Z"),
])  # fmt: skip
def test_every_number_is_written_as_an_instant(instant: float, text: str) -> None:
    assert rfc3339(instant) == text
