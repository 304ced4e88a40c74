"""Who leaves when: the earliest deadline first, whatever the order of arrival."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from contrib.sandbox.mail import Mail, mail
from contrib.sandbox.sink import Sink
from contrib.sandbox.site import Site
from lanes.timestamps import rfc3339
from tests.integration.world import running_site

#: One message at a time.
SETTINGS = """
manager.window = 1
tracker.poll = "50ms"
manager.tick = "50ms"
"""


@pytest.fixture
def site(sink: Sink, request: pytest.FixtureRequest) -> Iterator[Site]:
    with running_site(request, sink, SETTINGS) as running:
        yield running


def due_in(minutes: int, recipient: str = "r@example.com") -> Mail:
    """Normal mail of a trusted client, with a deadline of its own."""
    return mail(f"{minutes} minutes", recipient, headers={"X-SLA-Deadline": rfc3339(time.time() + 60 * minutes)})


def test_mail_leaves_by_deadline(site: Site, sink: Sink) -> None:
    # Given one message that is on its way for long, so that the window is full
    sink.slow(60)
    plug = site.send(mail("plug"))
    # When mail comes with deadlines in no order
    minutes = [40, 12, 55, 25, 18, 50, 33, 8]
    ids = {site.send(due_in(m)): m for m in minutes}
    # Then all of it is held
    assert set(site.postfix.queue("hold")) == set(ids)
    # And when there is room again, it leaves by deadline
    sink.slow(0)
    site.postfix.command("postsuper", "-d", plug)
    arrived = [ids[message.queue_id] for message in sink.wait_for(len(ids), timeout=30)]
    assert arrived == sorted(minutes)
