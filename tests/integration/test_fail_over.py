"""The Redis that all programs use is killed while mail flows, and a replica takes its place."""

from __future__ import annotations

import contextlib
import itertools
import signal
import threading
from collections import Counter
from collections.abc import Iterator

import pytest

from contrib.sandbox.mail import Client, mail
from contrib.sandbox.sentinel import WatchedRedis
from contrib.sandbox.sink import Sink
from contrib.sandbox.site import Site
from contrib.sandbox.wait import wait_until
from lanes.life import State
from lanes.services.up import PROGRAMS
from tests.integration.world import UNSUBSCRIBE, counted, running_site, told

SETTINGS = """
milter.breaker_reset = "1s"
manager.lease = "2s"
worker.appear_within = "1s"
[lanes.bulk]
batch = { size = 10, max_wait = "2s", streams = 5 }
"""
#: What each program logs of its work.
WORK = {"milter": "decision", "manager": "wave", "worker": "release", "tracker": "settled"}


@pytest.fixture
def watched() -> Iterator[WatchedRedis]:
    with WatchedRedis() as running:
        yield running


@contextlib.contextmanager
def mail_flowing(site: Site) -> Iterator[list[str]]:
    """The ids of what is sent meanwhile, some ten messages a second, every other one bulk."""
    ids: list[str] = []
    refused: list[Exception] = []
    stop = threading.Event()

    def send() -> None:
        with contextlib.ExitStack() as stack:
            client = stack.enter_context(Client(site.postfix.port))
            for n in itertools.count():
                headers = UNSUBSCRIBE if n % 2 else {}
                try:
                    ids.append(client.send(mail(f"Mail {n}", f"r{n}@d{n % 6}.example", headers=headers)))
                except Exception as error:  # noqa: BLE001 - whatever it is, the test is to fail of it
                    refused.append(error)
                    return
                if stop.wait(0.1):
                    return

    sender = threading.Thread(target=send)
    sender.start()
    try:
        yield ids
    finally:
        stop.set()
        sender.join()
    assert refused == []


def work_of(site: Site) -> dict[str, int]:
    """How much each program has done so far."""
    return {program: len(told(site, program, event)) for program, event in WORK.items()}


@contextlib.contextmanager
def cut_off(watched: WatchedRedis) -> Iterator[None]:
    """The replica, while it hears no more of its master."""
    (replica,) = (server for server in watched.servers.values() if server is not watched.master)
    replica.signal(signal.SIGSTOP)
    watched.master.client().client_kill_filter(_type="replica")
    try:
        yield
    finally:
        replica.signal(signal.SIGCONT)


def test_mail_flows_on_with_the_new_master(watched: WatchedRedis, sink: Sink, request: pytest.FixtureRequest) -> None:
    # Given mail that flows in and out
    with running_site(request, sink, SETTINGS, redis_url=watched.url) as site:
        with mail_flowing(site) as ids:
            wait_until(lambda: all(work_of(site).values()), "every program to work", 20)
            # When the master is lost, and with it what the replica had not heard of yet: that a message is held
            old = watched.master
            with cut_off(watched):
                unheard = site.send(mail("Unheard of", "r@unheard.example", headers=UNSUBSCRIBE))
                assert site.views.state_of(unheard) == State.HELD
                old.kill()
            watched.wait_for_another(old)
            # Then every program goes on with the new one
            done = work_of(site)
            wait_until(lambda: all(work_of(site)[program] > done[program] for program in WORK), "all to go on", 20)
            assert all(site.running(program) for program in PROGRAMS)
        # And all mail arrives, once, whether or not the filter could ask, or the new master has heard of it
        ids.append(unheard)
        wait_until(lambda: {message.queue_id for message in sink.messages} >= set(ids), "all mail to arrive", 20)
        assert Counter(message.queue_id for message in sink.messages) == dict.fromkeys(ids, 1)
        assert counted(site, "lanes_fail_open_total") > 0
        # What was on hold and lost from the index was found in the spool
        assert site.store.records([unheard])
        assert sum(line["adopted"].get(State.HELD, 0) for line in told(site, "worker", "reconciled")) >= 1
