"""Whoever of us is killed, at whatever moment: nothing is lost, nothing leaves twice, everything counts once."""

from __future__ import annotations

import smtplib
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from contrib.sandbox.mail import Mail, mail
from contrib.sandbox.ports import LOOPBACK
from contrib.sandbox.sink import Sink
from contrib.sandbox.site import Site
from contrib.sandbox.tap import Tap
from contrib.sandbox.wait import wait_until
from lanes.life import State
from lanes.schedule.view import Wave
from lanes.store.views import LaneStatus
from tests.integration.world import UNSUBSCRIBE, arrived, running_site, told

SETTINGS = """
manager.lease = "2s"
worker.appear_within = "1s"
[lanes.bulk]
batch = { size = 20, max_wait = "2s", streams = 5 }
"""


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running


@pytest.fixture(scope="module")
def site(sink: Sink, request: pytest.FixtureRequest) -> Iterator[Site]:
    with running_site(request, sink, SETTINGS) as running:
        yield running


@contextmanager
def killed(site: Site, program: str) -> Iterator[None]:
    """A program that is killed, and started again afterwards."""
    site.kill(program)
    try:
        yield
    finally:
        site.restart(program)


def news(count: int, domain: str) -> list[Mail]:
    return [mail(f"News {n}", f"reader{n}@{domain}", headers=UNSUBSCRIBE) for n in range(count)]


def lane(site: Site, name: str) -> LaneStatus:
    return next(status for status in site.views.status(time.time()) if status.lane == name)


def assert_each_arrives_once_and_settles(site: Site, sink: Sink, ids: Sequence[str]) -> None:
    wait_until(lambda: all(site.views.state_of(id) == "settled" for id in ids), "everything to settle", 30)
    times = Counter(message.queue_id for message in sink.messages)
    assert {id: times[id] for id in ids} == dict.fromkeys(ids, 1)


def test_claims_of_a_manager_that_died_before_it_gave_the_job_run_out(site: Site, sink: Sink) -> None:
    # Given mail that was claimed, by a manager that then was killed
    with killed(site, "manager"):
        ids = site.send_all(news(5, "claimed.example"))
        wave = Wave("bulk", "claimed.example", 5, "wait")
        assert set(site.store.claim(wave, time.time() + site.settings.manager.lease)) == set(ids)
    # When another manager is started
    # Then the claims run out, and all of it leaves
    wait_until(lambda: told(site, "manager", "claims ran out; held again", messages=5), "the claims to run out")
    assert_each_arrives_once_and_settles(site, sink, ids)


@pytest.mark.parametrize(("program", "work"), [("manager", "wave"), ("worker", "release"), ("tracker", "settled")])
def test_who_is_killed_again_and_again_while_mail_leaves_loses_none(
    site: Site, sink: Sink, program: str, work: str
) -> None:
    # Given mail that is on its way out, in many waves
    before = lane(site, "bulk").totals
    domains = [f"{letter}.{program}.example" for letter in "abc"]
    ids = site.send_all([one for domain in domains for one in news(50, domain)])

    def works_again(done: int) -> bool:
        return len(told(site, program, work)) > done or lane(site, "bulk").depth == 0

    # When one of us is killed whenever it has begun to work
    for _ in range(2):
        done = len(told(site, program, work))
        with killed(site, program):
            pass
        wait_until(partial(works_again, done), f"the {program} to work")
    # Then all of it arrives, once, and is known to have arrived
    assert_each_arrives_once_and_settles(site, sink, ids)
    after = lane(site, "bulk").totals
    assert (after["delivered"] - before["delivered"], after["gone"] - before["gone"]) == (150, 0)


def test_jobs_that_wait_for_a_worker_are_carried_out_when_there_is_one(site: Site, sink: Sink) -> None:
    # Given waves that are claimed while no worker is there
    with killed(site, "worker"):
        ids = site.send_all(news(40, "waiting.example"))
        wait_until(lambda: lane(site, "bulk").states[State.RELEASING] == 40, "the waves to be claimed", 30)
    # When a worker is started
    # Then they leave
    assert_each_arrives_once_and_settles(site, sink, ids)


def test_jobs_that_wait_for_too_long_are_given_again(site: Site, sink: Sink) -> None:
    # Given a wave of which the claim has run out, more than once, while no worker was there
    with killed(site, "worker"):
        ids = site.send_all(news(20, "long.example"))
        ran_out = len(told(site, "manager", "claims ran out; held again"))
        wait_until(lambda: len(told(site, "manager", "claims ran out; held again")) >= ran_out + 2, "claims to run out",
                   30)
    # When a worker is started
    # Then the wave leaves once, although it was asked for several times
    assert_each_arrives_once_and_settles(site, sink, ids)


def test_held_mail_outlives_redis(site: Site, sink: Sink) -> None:
    # Given held mail, and a Redis that is killed and started again
    ids = site.send_all(news(5, "remembered.example"))
    site.redis.kill()
    site.redis.start()
    # Then it is still known to be held, or has left meanwhile
    assert {site.views.state_of(id) for id in ids} <= {State.HELD, State.RELEASING, State.INFLIGHT, "settled"}
    # And it leaves when its time has come, and every program has gone on
    assert_each_arrives_once_and_settles(site, sink, ids)
    assert all(site.running(program) for program in site.programs)


def test_mail_that_is_not_on_hold_yet_is_waited_for(site: Site, sink: Sink) -> None:
    socket = Path(site.settings.milter.socket.removeprefix("unix:"))
    with Tap(socket) as tap, smtplib.SMTP(LOOPBACK, site.postfix.port, timeout=30) as connection:
        # Given bulk mail that the filter has registered, but of which Postfix has not got the answer yet
        connection.ehlo("client.example.net")
        connection.mail("a@example.net")
        connection.rcpt("r@late.example")
        connection.docmd("DATA")
        connection.send(b"Subject: late\r\nList-Unsubscribe: <https://example.net/u>\r\n")
        wait_until(lambda: tap.from_filter, "filter and Postfix to agree")
        tap.stall()
        connection.send(b"\r\nHello\r\n.\r\n")
        decided = wait_until(lambda: told(site, "milter", "decision", domain="late.example"), "the decision")
        id = decided[0]["id"]
        # When it is to be released, again and again, also after the time that it should have taken
        wait_until(lambda: len(told(site, "worker", "release", not_yet=1)) >= 3, "tries to release it")
        assert site.postfix.queue("incoming") == [id]
        assert site.views.state_of(id) in (State.HELD, State.RELEASING)
        # And it is on hold at last
        tap.flow()
        code, _ = connection.getreply()
    # Then it is released
    assert code == 250
    assert arrived(sink, id).subject == "late"
    assert_each_arrives_once_and_settles(site, sink, [id])


def test_mail_that_is_deleted_by_hand_is_gone(site: Site, sink: Sink) -> None:
    # Given two held messages
    gone = lane(site, "bulk").totals["gone"]
    deleted, kept = site.send_all(news(2, "deleted.example"))
    # When one of them is deleted by hand
    site.postfix.command("postsuper", "-d", deleted)
    # Then it counts as gone, once, and the other arrives
    assert_each_arrives_once_and_settles(site, sink, [kept])
    wait_until(lambda: site.views.state_of(deleted) == "settled", "the deleted one to settle")
    assert lane(site, "bulk").totals["gone"] == gone + 1
    assert deleted not in {message.queue_id for message in sink.messages}


def test_a_tracker_that_is_killed_across_log_rotations_counts_everything_once(site: Site, sink: Sink) -> None:
    # Given what was counted so far
    before = lane(site, "normal")
    ids: list[str] = []

    def send_some() -> None:
        ids.extend(site.send_all([mail(f"Receipt {n}") for n in range(25)]))

    def rotate() -> None:
        """As logrotate(8) does: the older copies first."""
        for number in (1, 0):
            name = site.postfix.log_path.with_suffix(f".log.{number}" if number else ".log")
            if name.exists():
                name.rename(site.postfix.log_path.with_suffix(f".log.{number + 1}"))

    # When it is killed while mail is delivered, and the log is put aside twice
    send_some()
    with killed(site, "tracker"):
        send_some()
        rotate()
        send_some()
    rotate()
    send_some()
    with killed(site, "tracker"):
        send_some()
    # Then each message counts once: in the totals, and in the histogram of queue times
    assert_each_arrives_once_and_settles(site, sink, ids)
    after = lane(site, "normal")
    assert after.totals["accepted"] - before.totals["accepted"] == len(ids)
    assert after.totals["delivered"] - before.totals["delivered"] == len(ids)
    assert after.lately.messages - before.lately.messages == len(ids)
    assert after.depth == 0
