"""A site a test module: a real Postfix, a real Valkey, real programs, and a sink for a world."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from contrib.sandbox.sink import Sink
from contrib.sandbox.site import Site

#: Time scales short enough to be waited for; everything else is as shipped.
SHORT = """
[lanes.bulk]
sla = "10m"
lead = "30s"
promote_at = "40s"
batch = { size = 100, max_wait = "4s", streams = 5 }
"""


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running


@pytest.fixture
def site(sink: Sink, request: pytest.FixtureRequest) -> Iterator[Site]:
    """A site with the module's own ``SETTINGS``, if it has any."""
    with Site(sink.port, getattr(request.module, "SETTINGS", SHORT)) as running:
        yield running
        if request.session.testsfailed:
            for program in running.programs:
                print(f"--- {program}\n{running.log(program)[-3000:]}")
