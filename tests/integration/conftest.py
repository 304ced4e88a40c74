"""A site for a test: a real Postfix, a real Valkey, real programs, and a sink for a world."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from contrib.sandbox.sink import Sink
from contrib.sandbox.site import Site
from tests.integration.world import running_site


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running


@pytest.fixture
def site(sink: Sink, request: pytest.FixtureRequest) -> Iterator[Site]:
    """A site with the module's own ``SETTINGS``."""
    with running_site(request, sink, request.module.SETTINGS) as running:
        yield running
