"""The failsafe's waves on a real Postfix, with its clock and its sleep in our hands."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from contrib.sandbox.mail import mail
from contrib.sandbox.sink import Sink
from contrib.sandbox.site import Site
from lanes.config import Settings
from lanes.mta import choose
from lanes.mta.port import MtaError
from lanes.services.alive import Beat
from lanes.services.failsafe import Failsafe

SETTINGS = """
[failsafe]
after = "1h"
wave = 2
every = "1m"
"""
BULK = {"List-Unsubscribe": "<https://example.net/u>"}


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running


@pytest.fixture
def site(sink: Sink) -> Iterator[Site]:
    """A site with five held messages, where only the filter runs."""
    with Site(sink.port, SETTINGS, programs=("milter",)) as running:
        running.send_all([mail(f"News {number}", headers=BULK) for number in range(5)], connections=1)
        yield running


def beat(settings: Settings) -> None:
    for program in ("manager", "worker"):
        Beat(settings, program)(time.time())


def test_waves_end_when_manager_and_worker_are_heard_of_again(site: Site) -> None:
    # Given a manager and a worker that come back after the second wave
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 2:
            beat(site.settings)

    failsafe = Failsafe(site.settings, choose.control(site.settings), time.time, sleep)
    # When the failsafe has its turn
    # Then it releases two waves, a minute apart, and no more
    assert failsafe.turn() == 4
    assert slept == [60.0, 60.0]
    assert len(site.postfix.queue("hold")) == 1
    assert failsafe.turn() == 0


def test_who_was_never_heard_of_is_given_time(site: Site) -> None:
    # Given a failsafe that has begun together with the others
    now = time.time()
    at = [now + 3600]
    failsafe = Failsafe(site.settings, choose.control(site.settings), lambda: at[0], lambda _: None, since=now)
    # Then it waits for them as long as it may, and not longer
    assert failsafe.turn() == 0
    at[0] += 1
    assert failsafe.turn() == 5


def test_a_postfix_that_cannot_be_reached_is_tried_again(site: Site) -> None:
    # Given a spool that is away
    failsafe = Failsafe(site.settings, choose.control(site.settings), time.time, lambda _: None)
    queue = site.postfix.folders.queue
    held, away = queue / "hold", queue / "away"
    held.rename(away)
    with pytest.raises(MtaError):
        failsafe.turn()
    # When the program goes on all the same
    assert failsafe.step() == 60.0
    # Then it releases what is held when the spool is back
    away.rename(held)
    failsafe.step()
    assert site.postfix.queue("hold") == []
