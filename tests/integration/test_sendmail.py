"""The lanes laid over a real Sendmail: who passes, who waits, who leaves when, and what is known of each afterwards."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from functools import partial

import pytest

from contrib.sandbox.mail import Mail, mail
from contrib.sandbox.sendmail import PrivateSendmail
from contrib.sandbox.sink import Sink
from contrib.sandbox.site import Site
from contrib.sandbox.wait import wait_until
from lanes.life import State
from lanes.services.up import PROGRAMS
from tests.contract.mtas import SENDMAIL, SendmailHand
from tests.integration.world import UNSUBSCRIBE, arrived, running_site, told

#: Bulk in batches of ten; a domain that waits as long as it may. What is a second old is no longer young.
SETTINGS = """
worker.appear_within = "1s"
failsafe.after = "10s"
[lanes.priority]
retry = { every = "2s" }
[lanes.bulk]
sla = "10m"
lead = "30s"
promote_at = "40s"
batch = { size = 10, max_wait = "9m", streams = 5 }
"""
LATER = "451 4.7.1 Later"
#: Besides our filter, Sendmail itself holds mail for suspect@.
SERVER = partial(PrivateSendmail, lines=SENDMAIL)


#: Nothing happens but what the test does.
without_a_manager = pytest.mark.parametrize("site", [("milter", "worker", "tracker")], indirect=True, ids=["guarded"])


@pytest.fixture
def site(sink: Sink, request: pytest.FixtureRequest) -> Iterator[Site]:
    with running_site(request, sink, SETTINGS, server=SERVER, programs=programs_for(request)) as running:
        yield running


def programs_for(request: pytest.FixtureRequest) -> Sequence[str]:
    """All of them, or those that a test names."""
    programs: Sequence[str] = getattr(request, "param", PROGRAMS)
    return programs


@pytest.fixture
def by_hand(site: Site) -> SendmailHand:
    assert isinstance(site.mta, PrivateSendmail)
    return SendmailHand(site.mta)


def newsletter(number: int, domain: str = "bulk.example") -> Mail:
    return mail(f"News {number}", f"reader{number}@{domain}", headers=UNSUBSCRIBE)


def states(site: Site, *ids: str) -> list[str]:
    return [str(site.views.state_of(id)) for id in ids]


def settled(site: Site, id: str) -> dict[str, object]:
    """What the tracker has to say of a message's end."""
    return wait_until(lambda: told(site, "tracker", "settled", id=id), f"the end of {id}", 30)[0]


def test_urgent_mail_passes_and_bulk_leaves_in_its_batch(site: Site, sink: Sink) -> None:
    # Given bulk mail that is not ripe
    waiting = site.send_all([newsletter(number) for number in range(9)])
    # When a one-time code is sent
    code = site.send(mail("Your verification code is 123456"))
    # Then it is delivered, tagged, and the bulk is on hold in Sendmail and in Redis
    assert arrived(sink, code).header("X-Lane") == "priority"
    assert set(site.mta.queue("hold")) == set(waiting)
    assert states(site, *waiting) == [State.HELD] * 9
    # And when the batch is full
    last = site.send(newsletter(9))
    # Then all of it leaves, and is known to be delivered, with the time that it took
    assert {message.queue_id for message in sink.wait_for(11)[1:]} == {*waiting, last}
    for id in (code, *waiting, last):
        end = settled(site, id)
        record = site.store.records([id])[id]
        assert end["result"] == "delivered"
        assert end["seconds"] == pytest.approx(arrived(sink, id).at - record.accepted, abs=2)
    assert site.mta.queue("hold") == site.mta.queue("deferred") == []


def test_deferred_mail_is_tried_again_by_its_lanes_schedule(site: Site, sink: Sink) -> None:
    # Given a one-time code to a domain that greylists, for which Sendmail itself would try again in an hour
    sink.answer("grey.example", LATER)
    code = site.send(mail("Your verification code is 123456", "ann@grey.example"))
    wait_until(lambda: site.store.progress([code])[code].tries.count >= 2, "two tries", 30)
    # When the domain takes mail
    sink.answer("grey.example", "")
    # Then it arrives
    arrived(sink, code)
    assert settled(site, code)["result"] == "delivered"


def test_a_refused_message_counts_as_bounced(site: Site, sink: Sink) -> None:
    # Given a message for two, one of whom there is not
    sink.answer("no.example", "550 5.1.1 No such user")
    id = site.send(mail("Hello", ("a@no.example", "b@yes.example")))
    # Then it has bounced
    assert settled(site, id)["result"] == "bounced"


def test_what_an_administrator_or_another_filter_holds_is_never_released(
    site: Site, sink: Sink, by_hand: SendmailHand
) -> None:
    # Given a message that is stuck and put on hold by hand, and two that Sendmail itself holds, one of them bulk
    sink.answer("stuck.example", LATER)
    stuck = site.send(mail("Stuck", "r@stuck.example"))
    foreign = [site.send(mail("Odd", "suspect@example.com", headers=headers)) for headers in ({}, UNSUBSCRIBE)]
    wait_until(lambda: states(site, stuck) == [State.DEFERRED], "the deferral to be seen")
    wait_until(lambda: site.mta.queue("deferred") == [stuck], "it to be let go of")
    by_hand.hold(stuck)
    # Then all are known to be on somebody else's hold
    wait_until(lambda: states(site, stuck, *foreign) == [State.WITHHELD] * 3, "the holds to be seen")
    # And when our own bulk is released around them, and their release by us is asked for
    sink.answer("stuck.example", "")
    site.send_all([newsletter(number, "stuck.example") for number in range(10)])
    sink.wait_for(10)
    site.lanes("release", stuck, *foreign)
    # Then they are still on hold
    assert set(site.mta.queue("hold")) == {stuck, *foreign}
    # And are ours to watch again when they are released by hand
    by_hand.release()
    by_hand.run()
    assert [settled(site, id)["result"] for id in (stuck, *foreign)] == ["delivered"] * 3


@without_a_manager
def test_a_redis_that_forgot_everything_knows_it_again(site: Site, sink: Sink, by_hand: SendmailHand) -> None:
    # Given mail held by us, by an administrator after our release, by an operator's order to us, and by Sendmail
    sink.answer("stuck.example", LATER)
    ours, admins, kept = (site.send(newsletter(number, "stuck.example")) for number in range(3))
    foreign, deferred = site.send(mail("Odd", "suspect@example.com")), site.send(mail("Hello", "r@stuck.example"))
    site.lanes("release", admins)
    wait_until(lambda: set(site.mta.queue("deferred")) == {admins, deferred}, "both to wait")
    by_hand.wait_until_deferred(admins)
    by_hand.hold(admins)
    site.lanes("hold", kept)
    before = site.store.records([ours])[ours]
    # When Redis forgets all of it, and is filled again
    site.redis.client().flushall()
    report = json.loads(site.lanes("reconcile", "--json"))
    # Then each is what it was
    assert report["adopted"] == {"held": 1, "kept": 1, "withheld": 2, "deferred": 1}
    assert states(site, ours, admins, kept, foreign, deferred) == [
        State.HELD, State.WITHHELD, State.KEPT, State.WITHHELD, State.DEFERRED,
    ]  # fmt: skip
    after = site.store.records([ours])[ours]
    assert (after.lane, after.sender, after.subject) == (before.lane, before.sender, before.subject)
    assert after.deadline == pytest.approx(before.deadline, abs=0.002)
    # And a release of all of it lets go only what is ours to release
    sink.answer("stuck.example", "")
    site.lanes("release", ours, admins, kept, foreign)
    assert {message.subject for message in sink.wait_for(2)} == {"News 0", "News 2"}
    assert set(site.mta.queue("hold")) == {admins, foreign}


@without_a_manager
def test_mail_that_was_deleted_by_hand_is_let_go_of(site: Site, by_hand: SendmailHand) -> None:
    # Given held mail, some of it deleted, which Sendmail's log does not tell
    stays, gone = site.send(newsletter(0)), site.send(newsletter(1))
    for path in by_hand.spool.rglob(f"*f{gone}"):
        path.unlink()
    accepted = site.store.records([gone])[gone].accepted
    wait_until(lambda: time.time() - accepted > site.settings.worker.appear_within, "it to grow old")
    # When Redis is brought in line with the queue
    report = json.loads(site.lanes("reconcile", "--json"))
    # Then that mail has ended, and nothing else has
    assert (report["ended"], report["adopted"], report["moved"]) == (1, {}, {})
    assert states(site, stays, gone) == [State.HELD, "settled"]


def test_with_everything_else_dead_nothing_of_ours_stays_held(site: Site, sink: Sink) -> None:
    # Given held mail of ours and of others
    ours = site.send_all([newsletter(number) for number in range(5)])
    foreign = site.send(mail("Odd", "suspect@example.com"))
    # When all that could release it dies, and Redis, too
    for program in ("manager", "worker", "tracker"):
        site.kill(program)
    site.redis.kill()
    # Then nothing of ours stays on hold, and what others hold does
    assert {message.queue_id for message in sink.wait_for(5, timeout=60)} == set(ours)
    assert site.mta.queue("hold") == [foreign]


def test_without_the_filter_mail_passes_untouched(site: Site, sink: Sink) -> None:
    site.kill("milter")
    id = site.send(newsletter(0))
    assert arrived(sink, id).header("X-Lane") == ""
