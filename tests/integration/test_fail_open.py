"""What dies, and what mail does then: it flows."""

from __future__ import annotations

import signal
import smtplib
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from contrib.sandbox.mail import Mail, mail
from contrib.sandbox.ports import LOOPBACK
from contrib.sandbox.redis import PrivateRedis
from contrib.sandbox.sink import Sink
from contrib.sandbox.site import Site
from contrib.sandbox.wait import wait_until
from lanes.life import State
from tests.integration.world import UNSUBSCRIBE, arrived, counted, decision, running_site, told

#: Milliseconds that Redis may cost a message: so many that a busy machine does not add to them much.
BUDGET = 400
SETTINGS = f"""
milter.budget = "{BUDGET}ms"
milter.breaker_failures = 3
milter.breaker_reset = "1s"
manager.window = 10000
"""


@pytest.fixture
def site(sink: Sink, request: pytest.FixtureRequest) -> Iterator[Site]:
    with running_site(request, sink, SETTINGS, programs=("milter",)) as running:
        yield running


@pytest.fixture
def whole_site(sink: Sink, request: pytest.FixtureRequest) -> Iterator[Site]:
    with running_site(request, sink, SETTINGS) as running:
        yield running


@contextmanager
def hanging(redis: PrivateRedis) -> Iterator[None]:
    """A Redis that is there and does not answer."""
    redis.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        redis.signal(signal.SIGCONT)


def codes(count: int) -> list[Mail]:
    """Urgent mail."""
    return [mail(f"Your verification code is {100000 + n}", f"user{n}@example.com") for n in range(count)]


def lanes(sink: Sink, ids: Sequence[str]) -> list[str]:
    return [arrived(sink, id).header("X-Lane") for id in ids]


def opened(site: Site, reason: str) -> int:
    return int(counted(site, "lanes_fail_open_total", reason=reason))


def decisions(site: Site, ids: Sequence[str]) -> list[dict[str, Any]]:
    return [decision(site, id) for id in ids]


def begin(connection: smtplib.SMTP, content: bytes) -> None:
    """An envelope, and the beginning of a message."""
    connection.ehlo("client.example.net")
    connection.mail("a@example.net")
    connection.rcpt("r@example.com")
    connection.docmd("DATA")
    connection.send(content)


def end(connection: smtplib.SMTP, content: bytes) -> tuple[int, bytes]:
    """The rest of it; the reply."""
    connection.send(content + b".\r\n")
    return connection.getreply()


def known_after(site: Site, sink: Sink) -> bool:
    """Whether a message that is sent now is registered."""
    id = site.send(mail("Is anybody there?"))
    arrived(sink, id)
    return bool(site.store.records([id]))


def test_mail_flows_while_redis_is_dead_and_is_registered_again_when_it_is_back(whole_site: Site, sink: Sink) -> None:
    site = whole_site
    # Given mail that is registered, and a Redis that is then killed
    before = site.send_all(codes(5))
    site.redis.kill()
    # When twenty urgent messages and one bulk message come, one after the other
    urgent = site.send_all(codes(20), connections=1)
    bulk = site.send(mail("News", headers=UNSUBSCRIBE))
    # Then none is refused, all are tagged from local rules, and none is held
    assert lanes(sink, [*before, *urgent, bulk]) == ["priority"] * 25 + ["bulk"]
    # And Redis was asked three times, and then left alone
    assert (opened(site, "redis"), opened(site, "breaker")) == (3, 18)
    # And when it is back, new mail is registered, and what was registered before is still known
    site.redis.start()
    wait_until(lambda: known_after(site, sink), "the breaker to close", every=0.2)
    assert set(site.store.records([*before, *urgent])) == set(before)
    # And every program is still there, and does its work
    assert all(site.running(program) for program in site.programs)
    held = site.send(mail("More news", headers=UNSUBSCRIBE))
    assert site.views.state_of(held) == State.HELD
    site.lanes("release", held)
    assert arrived(sink, held)
    wait_until(lambda: site.views.state_of(held) == "settled", "the message to settle")


def test_a_redis_that_hangs_costs_no_message_more_than_the_budget(site: Site, sink: Sink) -> None:
    # Given a Redis that does not answer
    site.send(mail("A first one"))
    with hanging(site.redis):
        # When eight sessions at once bring their mail
        ids = site.send_all(codes(24), connections=8)
        # Then each message passes, tagged, and no message waits for another one's budget
        assert lanes(sink, ids) == ["priority"] * 24
        assert max(line["ms"] for line in decisions(site, ids)) < 2 * BUDGET
        assert opened(site, "redis") + opened(site, "breaker") == 24
        # And after the first of each session Redis is left alone
        assert opened(site, "breaker") >= 12
    # And when it answers again, so does the filter ask again
    wait_until(lambda: known_after(site, sink), "the breaker to close", every=0.2)


def test_mail_flows_while_the_tracker_is_dead(sink: Sink, request: pytest.FixtureRequest) -> None:
    # Given a small window, and a tracker that is killed before it could tell of any delivery
    with running_site(request, sink, 'manager.window = 10\nmanager.lease = "2s"') as site:
        site.kill("tracker")
        # When three times as much mail comes
        ids = site.send_all([mail(f"Receipt {n}") for n in range(30)])
        # Then it is delivered all the same
        assert lanes(sink, ids) == ["normal"] * 30
        # And when the tracker is back, all of it settles
        site.restart("tracker")
        wait_until(lambda: all(site.views.state_of(id) == "settled" for id in ids), "everything to settle", 20)


def test_an_error_of_our_own_lets_the_message_pass(sink: Sink, request: pytest.FixtureRequest) -> None:
    # Given a lane whose deadlines are beyond the end of the calendar, which the filter cannot write down
    with running_site(request, sink, 'lanes.normal.sla = "4000000d"', programs=("milter",)) as site:
        # When mail for this lane comes, and other mail
        plain = site.send(mail("Hello", headers={"X-Lane": "mine"}))
        bulk = site.send(mail("News", headers=UNSUBSCRIBE))
        # Then the first is delivered as it was, and the other is held as always
        assert arrived(sink, plain).header("X-Lane") == "mine"
        assert site.postfix.queue("hold") == [bulk]
        # And the log and the counter tell
        assert opened(site, "exception") == 1
        failure, = told(site, "milter", "a callback failed; the message passes")
        assert "year" in failure["error"]


def test_mail_flows_untagged_while_the_filter_is_dead(site: Site, sink: Sink) -> None:
    # Given a session that is open while the filter is killed
    with smtplib.SMTP(LOOPBACK, site.postfix.port, timeout=30) as open_session:
        open_session.ehlo("client.example.net")
        site.kill("milter")
        # When mail comes by this session, and by new ones
        open_session.sendmail("a@example.net", ["r@example.com"], b"Subject: in between\r\n\r\n")
    ids = site.send_all([mail("News", headers=UNSUBSCRIBE), *codes(5)])
    # Then all of it is delivered, as if we were not there
    assert sink.wait_for_subject("in between").header("X-Lane") == ""
    assert lanes(sink, ids) == [""] * 6
    # And when the filter is back, mail is tagged again
    site.restart("milter")
    assert lanes(sink, site.send_all(codes(5))) == ["priority"] * 5


def test_a_message_that_is_under_way_ends_in_order_when_the_filter_is_stopped(site: Site, sink: Sink) -> None:
    with smtplib.SMTP(LOOPBACK, site.postfix.port, timeout=30) as connection:
        # Given a message of which the envelope and a header have come
        begin(connection, b"Subject: under way\r\n")
        # When the filter is asked to stop, and no longer takes new sessions
        site.send_signal("milter", signal.SIGTERM)
        path = site.folder / "milter" / "milter.sock"
        wait_until(lambda: not path.exists(), "the socket to go")
        # And the message ends, later than the filter would if it did not wait
        time.sleep(0.5)
        code, reply = end(connection, b"List-Unsubscribe: <https://example.net/u>\r\n\r\nHello\r\n")
    # Then it is held like any other, and the filter ends
    id = reply.rpartition(b" ")[2].decode()
    assert (code, decision(site, id)["action"]) == (250, "hold")
    wait_until(lambda: not site.running("milter"), "the filter to end")
    assert site.postfix.queue("hold") == [id]
    # And nothing of this kept mail from flowing
    assert lanes(sink, site.send_all(codes(3))) == [""] * 3


def test_a_stop_waits_for_no_session_between_messages(site: Site) -> None:
    with smtplib.SMTP(LOOPBACK, site.postfix.port, timeout=30) as connection:
        # Given an open session, in which a message was begun and taken back
        connection.ehlo("client.example.net")
        connection.mail("a@example.net")
        connection.rset()
        # When the filter is asked to stop
        site.send_signal("milter", signal.SIGTERM)
        wait_until(lambda: not site.running("milter"), "the filter to end")
    # Then there was nothing to wait for
    assert not told(site, "milter", "messages under way were given up")


def test_a_message_that_does_not_end_is_given_up_and_passes_untagged(site: Site, sink: Sink) -> None:
    with smtplib.SMTP(LOOPBACK, site.postfix.port, timeout=30) as connection:
        # Given a message of which only the beginning comes, and a filter that is asked to stop
        begin(connection, b"Subject: too late\r\n")
        site.send_signal("milter", signal.SIGTERM)
        # When the message goes on after the filter has ended
        wait_until(lambda: not site.running("milter"), "the filter to end")
        code, _ = end(connection, b"X-Lane: bulk\r\n\r\n")
    # Then the filter had waited for it, and it is taken and delivered as it was
    assert told(site, "milter", "messages under way were given up")
    assert code == 250
    assert sink.wait_for_subject("too late").header("X-Lane") == "bulk"


def test_a_filter_whose_metrics_nobody_can_have_works_without(site: Site, sink: Sink) -> None:
    # Given a filter that was killed, and its metrics' port taken by somebody else
    site.kill("milter")
    host, _, port = site.settings.milter.metrics.rpartition(":")
    with socket.create_server((host, int(port))):
        # When it is started again
        site.restart("milter")
        # Then it says so, and tags mail
        assert told(site, "milter", "cannot serve metrics")
        assert lanes(sink, site.send_all(codes(1))) == ["priority"]


def test_a_worker_that_is_asked_to_stop_before_it_could_begin_does_not_begin(site: Site) -> None:
    # Given a worker that was started while Redis does not answer
    with hanging(site.redis):
        site.restart("worker")
        # When it is asked to stop
        site.send_signal("worker", signal.SIGTERM)
    # Then it ends
    wait_until(lambda: not site.running("worker"), "the worker to end", 20)
