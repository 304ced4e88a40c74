"""Whatever is asked of a real ``lanes api``, its answer is as documented; ``python -m tests.fuzz.api`` asks more."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from contrib.sandbox.api import PrivateApi
from tests.fuzz.api import fuzz_bytes, fuzz_documented, server


@pytest.fixture(scope="module")
def api() -> Iterator[PrivateApi]:
    with server() as running:
        yield running
        assert running.process.running
        assert "a request failed" not in running.log


def test_requests_that_the_document_allows_and_that_it_does_not(api: PrivateApi) -> None:
    assert fuzz_documented(api, 8, derandomize=True) > 200


def test_bytes_that_are_no_text(api: PrivateApi) -> None:
    fuzz_bytes(api, 150, derandomize=True)
