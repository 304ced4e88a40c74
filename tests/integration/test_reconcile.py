"""Redis forgets, or is wrong: the spool is the truth, and brings it back in line."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from msgspec import msgpack, structs

from contrib.sandbox.mail import Mail, mail
from contrib.sandbox.sink import Sink
from contrib.sandbox.site import Site
from contrib.sandbox.wait import wait_until
from lanes.life import State
from lanes.message import Record
from tests.integration.world import UNSUBSCRIBE, arrived, running_site, told

#: Bulk waits long enough to be looked at; what is a second old is no longer young.
SETTINGS = """
worker.appear_within = "1s"
manager.lease = "2s"
[lanes.bulk]
sla = "10m"
lead = "5s"
promote_at = "10s"
batch = { size = 1000, max_wait = "9m", streams = 5 }
"""
#: Besides our filter, Postfix itself holds mail, by a word in the recipient's address.
HOLDS = "check_recipient_access inline:{ {suspect@=HOLD} }, permit_mynetworks, reject"


@pytest.fixture
def guarded(sink: Sink, request: pytest.FixtureRequest) -> Iterator[Site]:
    """A site without a manager, so that nothing happens but what the test does."""
    programs = ("milter", "worker", "tracker")
    with running_site(request, sink, SETTINGS, programs=programs,
                      parameters={"smtpd_recipient_restrictions": HOLDS}) as running:
        yield running


def newsletter(number: int, domain: str = "bulk.example", **headers: str) -> Mail:
    return mail(f"News {number}", f"reader{number}@{domain}", headers={**UNSUBSCRIBE, **headers})


def due_in(seconds: float) -> dict[str, str]:
    """A header that asks for a deadline so many seconds from now."""
    return {"X-SLA-Deadline": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))}


def held(site: Site) -> dict[str, Record]:
    return {id: record for lane in site.settings.lanes for id, record in site.views.in_state(State.HELD, lane, 1000)}


def essence(record: Record) -> tuple[object, ...]:
    """What a record says that the message itself says, too, but for the deadline, which it says to the ms."""
    return (record.lane, record.domain, record.recipients, record.sender, record.subject)


def forget(site: Site) -> None:
    site.redis.client().flushall()


def reconcile(site: Site, *options: str) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(site.lanes("reconcile", "--json", *options))
    return report


def grow_old(site: Site, ids: Iterable[str]) -> None:
    """Wait until these messages are not young any more."""
    youngest = max(record.accepted for record in site.store.records(ids).values())
    wait_until(lambda: time.time() - youngest > site.settings.worker.appear_within, "messages to grow old")


def delivered(site: Site, lane: int) -> int:
    return site.views.status(time.time())[lane].totals["delivered"]


def test_a_redis_that_forgot_everything_knows_all_held_mail_again(site: Site, sink: Sink) -> None:
    # Given held mail for several domains, two of it with deadlines in another order than it came
    site.send_all([newsletter(n, f"domain{n % 7}.example") for n in range(60)])
    late = site.send(newsletter(60, "late.example", **due_in(22)))
    early = site.send(newsletter(61, "early.example", **due_in(14)))
    before = held(site)
    assert len(before) == 62
    # When Redis forgets all of it
    forget(site)
    # Then it is known again, as what it was
    wait_until(lambda: held(site).keys() == before.keys(), "all to be held again")
    after = held(site)
    assert {id: essence(record) for id, record in after.items()} == {id: essence(r) for id, r in before.items()}
    assert all(abs(after[id].deadline - before[id].deadline) < 0.002 for id in before)
    assert told(site, "manager", "redis was started anew, or is another one; it is brought in line with the spool")
    # And what is due leaves by its deadline, and counts when it is delivered
    assert [message.queue_id for message in sink.wait_for(2, timeout=30)] == [early, late]
    wait_until(lambda: delivered(site, 2) == 2, "both to settle")
    assert len(site.postfix.queue("hold")) == 60


def test_only_our_own_holds_come_back_as_ours(guarded: Site, sink: Sink) -> None:
    # Given mail held by us, by an administrator after our release, by an operator's order to us, and by Postfix itself
    sink.answer("stuck.example", "451 4.7.1 Later")
    ours, admins, kept = (guarded.send(newsletter(n, "stuck.example")) for n in range(3))
    foreign = guarded.send(mail("Suspicious", "suspect@example.com"))
    deferred = guarded.send(mail("Hello", "r@stuck.example"))
    guarded.lanes("release", admins)
    wait_until(lambda: {admins, deferred} <= set(guarded.postfix.queue("defer")), "both to be tried")
    guarded.postfix.command("postsuper", "-h", admins)
    guarded.lanes("hold", kept)
    # When Redis forgets all of it, and is filled again
    forget(guarded)
    report = reconcile(guarded)
    # Then each is what it was
    assert {id: guarded.views.state_of(id) for id in (ours, admins, kept, foreign, deferred)} == {
        ours: State.HELD, admins: State.WITHHELD, kept: State.KEPT, foreign: State.WITHHELD, deferred: State.DEFERRED,
    }
    assert report["adopted"] == {"held": 1, "kept": 1, "withheld": 2, "deferred": 1}
    # And a release of all of it lets go only what is ours to release
    sink.answer("stuck.example", "")
    guarded.lanes("release", ours, admins, kept, foreign)
    assert {message.subject for message in sink.wait_for(2)} == {"News 0", "News 2"}
    assert set(guarded.postfix.queue("hold")) == {admins, foreign}


def test_mail_that_postfix_holds_by_itself_does_not_stay_in_flight(guarded: Site) -> None:
    # Given mail that our filter passed and Postfix held, a while ago
    foreign = guarded.send(mail("Suspicious", "suspect@example.com"))
    key = guarded.store.keys.state(State.INFLIGHT, "normal")
    guarded.redis.client().zadd(key, {foreign: time.time() - 100}, xx=True)
    # When Redis is brought in line
    report = reconcile(guarded)
    # Then it is known to be held by somebody else
    assert report["moved"] == {"withhold": 1}
    assert guarded.views.state_of(foreign) == State.WITHHELD


def test_mail_that_was_deleted_is_let_go_of(guarded: Site) -> None:
    # Given held mail, some of it deleted in a way that the log does not tell
    kept, *gone = guarded.send_all([newsletter(n) for n in range(4)])
    for id in gone:
        next(guarded.postfix.folders.queue.rglob(id)).unlink()
    grow_old(guarded, gone)
    # When it is only to be said what would be done
    assert reconcile(guarded, "--dry-run")["ended"] == 3
    # Then nothing is
    assert guarded.views.state_of(gone[0]) == State.HELD
    # And when it is done
    report = reconcile(guarded)
    # Then that mail has ended, and nothing else has
    assert (report["ended"], report["left"], report["adopted"], report["moved"]) == (3, 0, {}, {})
    assert [guarded.views.state_of(id) for id in (kept, *gone)] == [State.HELD, *["settled"] * 3]
    assert guarded.views.status(time.time())[2].totals["gone"] == 3
    # And once more is once too often
    assert reconcile(guarded)["ended"] == 0


def test_a_delivery_that_is_still_to_be_read_about_is_not_taken_for_a_loss(guarded: Site, sink: Sink) -> None:
    # Given a tracker that is away, and mail that is delivered meanwhile
    guarded.kill("tracker")
    id = guarded.send(mail("Hello", "r@example.com"))
    arrived(sink, id)
    guarded.postfix.wait_for_log(f"{id}: removed")
    grow_old(guarded, [id])
    # When Redis is brought in line
    report = reconcile(guarded)
    # Then the message is left to the tracker
    assert (report["ended"], report["left"], guarded.views.state_of(id)) == (1, 1, State.INFLIGHT)
    # And it counts as delivered when that is back
    guarded.restart("tracker")
    wait_until(lambda: delivered(guarded, 1) == 1, "it to settle")


def test_what_was_released_behind_our_back_is_not_held(guarded: Site, sink: Sink) -> None:
    # Given our held mail, for a destination that does not take it, released by hand with all others
    sink.answer("stuck.example", "451 4.7.1 Later")
    id = guarded.send(newsletter(1, "stuck.example"))
    guarded.kill("tracker")
    guarded.postfix.command("postsuper", "-H", "ALL")
    guarded.postfix.kick()
    wait_until(lambda: guarded.postfix.queue("defer") == [id], "the message to be tried")
    assert guarded.views.state_of(id) == State.HELD
    # When Redis is brought in line
    report = reconcile(guarded)
    # Then it is with the MTA
    assert report["moved"] == {"start": 1}
    assert guarded.views.state_of(id) == State.INFLIGHT


def test_mail_of_a_lane_that_is_no_more_is_not_stranded(guarded: Site) -> None:
    # Given held mail in a lane that was renamed since
    id = guarded.send(newsletter(1))
    client, keys = guarded.redis.client(), guarded.store.keys
    record = structs.replace(guarded.store.records([id])[id], lane="bulletins")
    client.hset(keys.records, id, msgpack.encode(record))
    client.rename(keys.state(State.HELD, "bulk"), keys.state(State.HELD, "bulletins"))
    # When Redis is brought in line
    report = reconcile(guarded)
    # Then it is held in a lane that there is
    assert report["adopted"] == {"held": 1}
    assert list(held(guarded)) == [id]
    assert client.exists(keys.state(State.HELD, "bulletins")) == 0


def test_a_record_that_was_overwritten_keeps_no_message_on_hold(site: Site, sink: Sink) -> None:
    # Given held mail of which Redis has nothing that can be read, and names that are no messages, in every state
    id = site.send(newsletter(1, **due_in(12)))
    client, keys = site.redis.client(), site.store.keys
    client.hset(keys.records, id, b"\xc1\xff")
    for state in State:
        client.zadd(keys.state(state, "bulk"), {b"\xff\x00": 1.0, b"ALL": 2.0})
    # When its time has come
    # Then it leaves, although whoever claims it cannot tell what it is, and counts
    assert sink.wait_for(1, timeout=60)[0].queue_id == id
    wait_until(lambda: delivered(site, 2) == 1, "it to settle", 30)
    # And when Redis is brought in line, what is no message is forgotten, once
    reconcile(site)
    assert (reconcile(site)["strays"], held(site)) == (0, {})
    assert not any(client.exists(keys.state(state, "bulk")) for state in State)


def test_with_nothing_to_do_nothing_is_done(guarded: Site) -> None:
    # Given held mail, and a claim that ran out
    first, second = guarded.send_all([newsletter(n) for n in range(2)])
    wave, = guarded.store.waves_of([first], "hand")
    guarded.store.claim(wave, time.time() - 1, fill=False)
    # When Redis is brought in line twice
    reports = [reconcile(guarded) for _ in range(2)]
    # Then the claim is given back, once
    assert [report["claims"] for report in reports] == [1, 0]
    assert [guarded.views.state_of(id) for id in (first, second)] == [State.HELD] * 2
    assert [(r["spool"], r["known"], r["adopted"], r["moved"], r["ended"]) for r in reports] == [(2, 2, {}, {}, 0)] * 2
