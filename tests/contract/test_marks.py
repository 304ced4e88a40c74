"""What held mail says of itself, and whose hold it is: our filter in a real Postfix, and others who hold mail."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import structs

from contrib.sandbox.mail import Mail, mail
from contrib.sandbox.sink import Sink
from contrib.sandbox.site import Site
from contrib.sandbox.wait import wait_until
from lanes.mta import choose
from lanes.mta.port import Control, Hold, Marks, MtaError, Queue
from lanes.policy.instants import parse_instant

#: Besides our filter, Postfix itself holds mail, by a word in the recipient's address.
HOLDS = {
    "smtpd_recipient_restrictions": "check_recipient_access inline:{ {suspect@=HOLD} }, permit_mynetworks, reject",
    "hash_queue_names": "hold, deferred, defer",
}
RELAYS = """
[relays.economy]
transport = "smtp"
cost = 0.001
preference = "economy"
"""


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running


@pytest.fixture
def site(sink: Sink) -> Iterator[Site]:
    with Site(sink.port, RELAYS, programs=("milter",), parameters=HOLDS) as running:
        yield running


@pytest.fixture
def control(site: Site) -> Control:
    return choose.control(site.settings)


def newsletter(to: str = "r@bulk.example", **headers: str) -> Mail:
    return mail("News für alle", to, headers={"List-Unsubscribe": "<https://example.net/u>", **headers})


def marks(control: Control, id: str) -> Marks:
    return dict(control.marks([id]))[id]


def test_held_mail_says_all_that_its_record_needs(site: Site, control: Control) -> None:
    # Given held mail
    before = time.time()
    id = site.send(newsletter()._replace(recipients=("r@bulk.example", "s@bulk.example")))
    # When it is asked
    said = marks(control, id)
    # Then it says what the filter decided, and what the envelope was
    assert (said.queue, said.hold, said.lane, said.relay) == (Queue.HOLD, Hold.OURS, "bulk", "economy")
    assert (said.sender, said.recipients) == ("app@example.net", ("r@bulk.example", "s@bulk.example"))
    assert said.subject == "News =?utf-8?q?f=C3=BCr?= alle"
    assert before - 1 < said.arrived <= time.time()
    assert parse_instant(said.deadline) == pytest.approx(site.store.records([id])[id].deadline, abs=0.001)
    # And the spool tells where it is
    assert control.where() == {id: Queue.HOLD}


def test_mail_that_another_holds_is_not_ours(site: Site, control: Control) -> None:
    # Given mail that our filter passed, or never tagged, and that Postfix holds
    passed = site.send(mail("Hello", "suspect@example.com"))
    site.kill("milter")
    untagged = site.send(newsletter("suspect@example.com", **{"X-Lane": "bulk", "X-Lane-Hold": "mx1"}))
    # Then neither hold is ours, and only the first has a lane
    assert (marks(control, passed).hold, marks(control, passed).lane) == (Hold.OTHER, "normal")
    assert (marks(control, untagged).hold, marks(control, untagged).lane) == (Hold.OTHER, "")


def test_mail_of_another_mtas_filter_is_not_ours(site: Site) -> None:
    id = site.send(newsletter())
    settings = structs.replace(site.settings, mta=structs.replace(site.settings.mta, name="mx2"))
    assert marks(choose.control(settings), id).hold is Hold.OTHER


@pytest.mark.parametrize("release", ["ID", "ALL"])
@pytest.mark.parametrize("hold", ["ID", "ALL"])
def test_mail_that_was_released_and_held_by_hand_is_not_ours(
    site: Site, sink: Sink, control: Control, release: str, hold: str
) -> None:
    # Given our held mail, for a destination that does not take it yet
    sink.answer("bulk.example", "451 4.7.1 Later")
    id, other = site.send(newsletter()), site.send(newsletter("r@other.example"))
    # When it is released, tried, and put on hold by an administrator, by name or with all others
    site.postfix.command("postsuper", "-H", id if release == "ID" else "ALL")
    site.postfix.kick()
    wait_until(lambda: site.postfix.queue("defer") == [id], "the message to be deferred")
    site.postfix.command("postsuper", "-h", id if hold == "ID" else "ALL")
    # Then its hold is not ours any more
    assert marks(control, id).hold is Hold.OTHER
    # And that of mail that nobody touched still is
    if release == "ID":
        assert marks(control, other).hold is Hold.OURS


def test_mail_that_was_held_at_once_after_its_release_is_not_ours(site: Site, control: Control) -> None:
    # Given held mail that is released and held again before it was tried
    id = site.send(newsletter())
    site.postfix.command("postsuper", "-H", id)
    site.postfix.command("postsuper", "-h", "ALL")
    site.postfix.wait_for_log("Placed on hold: 1 message")
    assert site.postfix.queue("hold") == [id]
    # Then the log's word is enough
    assert marks(control, id).hold is Hold.OTHER


def test_mail_that_was_kept_by_order_stays_so_whatever_redis_knows(site: Site, control: Control) -> None:
    # Given our held mail
    ids = [site.send(newsletter()) for _ in range(2)]
    # When an operator has one kept on hold
    assert control.hold(ids[:1]) == set()
    # Then it says so, and the other does not
    assert [marks(control, id).hold for id in ids] == [Hold.KEPT, Hold.OURS]
    # And it can be released as any other
    assert control.release(ids) == set(ids)


def test_what_is_not_there_or_unreadable_is_left_out(site: Site, control: Control) -> None:
    # Given a message, one that is gone, a broken file and what is no id
    id, broken = site.send(newsletter()), site.send(newsletter())
    path = next(site.postfix.folders.queue.rglob(broken))
    path.write_bytes(path.read_bytes()[:100])
    # Then only the first is told of
    assert [found for found, _ in control.marks([id, broken, "4jYTDZ4h8gzJC7V", "../x", "ALL"])] == [id]


def test_a_closed_or_missing_spool_is_an_error(site: Site, control: Control, tmp_path: Path) -> None:
    id = site.send(newsletter())
    assert control.where()
    site.postfix.stop()
    site.postfix.folders.queue.rename(tmp_path / "elsewhere")
    with pytest.raises(MtaError):
        control.where()
    with pytest.raises(MtaError):
        dict(control.marks([id]))
