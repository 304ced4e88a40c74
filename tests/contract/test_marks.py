"""What held mail says of itself, and whose hold it is: our filter before a real MTA, and others who hold mail."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from msgspec import structs

from contrib.sandbox.mail import Mail, mail
from contrib.sandbox.postfix import PrivatePostfix
from contrib.sandbox.sendmail import PrivateSendmail
from contrib.sandbox.sink import Sink
from contrib.sandbox.site import Site
from contrib.sandbox.wait import wait_until
from lanes.mta import choose
from lanes.mta.port import Control, Hold, Marks, MtaError, Queue
from lanes.policy.instants import parse_instant
from tests.contract.mtas import HASHED, POSTFIX, SENDMAIL, Hand, hand

#: Besides our filter, the MTA itself holds mail, by a word in the recipient's address.
SERVERS = {
    "postfix": partial(PrivatePostfix, parameters={**POSTFIX, **HASHED}),
    "sendmail": partial(PrivateSendmail, lines=SENDMAIL),
}


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running


@pytest.fixture(params=list(SERVERS.values()), ids=list(SERVERS))
def site(sink: Sink, request: pytest.FixtureRequest) -> Iterator[Site]:
    with Site(sink.port, programs=("milter",), server=request.param) as running:
        yield running


@pytest.fixture
def by_hand(site: Site) -> Hand:
    return hand(site.mta)


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
    assert (said.queue, said.hold, said.lane, said.relay) == (Queue.HOLD, Hold.OURS, "bulk", "")
    assert (said.sender, sorted(said.recipients)) == ("app@example.net", ["r@bulk.example", "s@bulk.example"])
    assert said.subject == "News =?utf-8?q?f=C3=BCr?= alle"
    assert before - 1 < said.arrived <= time.time()
    assert parse_instant(said.deadline) == pytest.approx(site.store.records([id])[id].deadline, abs=0.001)
    # And the spool tells where it is
    assert control.where() == {id: Queue.HOLD}


def test_mail_that_another_holds_is_not_ours(site: Site, control: Control) -> None:
    # Given mail that our filter passed, or never tagged, and that the MTA holds
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
    site: Site, sink: Sink, by_hand: Hand, control: Control, release: str, hold: str
) -> None:
    # Given our held mail, for a destination that does not take it yet
    sink.answer("bulk.example", "451 4.7.1 Later")
    id, other = site.send(newsletter()), site.send(newsletter("r@other.example"))
    # When it is released, tried, and put on hold by an administrator, by name or with all others
    by_hand.release(id if release == "ID" else "")
    by_hand.run()
    by_hand.wait_until_deferred(id)
    wait_until(lambda: control.find([id]) == {id: Queue.DEFERRED}, "it to be let go of")
    by_hand.hold(id if hold == "ID" else "")
    # Then its hold is not ours any more
    assert marks(control, id).hold is Hold.OTHER
    # And that of mail that nobody touched still is
    if release == "ID":
        assert marks(control, other).hold is Hold.OURS


def test_mail_that_was_kept_by_order_stays_so_whatever_redis_knows(site: Site, control: Control) -> None:
    # Given our held mail
    ids = [site.send(newsletter()) for _ in range(2)]
    # When an operator has one kept on hold
    assert control.hold(ids[:1]) == set()
    # Then it says so, and the other does not
    assert [marks(control, id).hold for id in ids] == [Hold.KEPT, Hold.OURS]
    # And it can be released as any other
    assert control.release(ids) == set(ids)


def test_what_is_not_there_or_unreadable_is_left_out(site: Site, by_hand: Hand, control: Control) -> None:
    # Given a message, one that is gone, a broken file and what is no id
    id, broken, gone = (site.send(newsletter()) for _ in range(3))
    path, lost = (max(by_hand.spool.rglob(f"*{each}")) for each in (broken, gone))
    path.write_bytes(path.read_bytes()[:100])
    lost.unlink()
    # Then only the first is told of
    assert [found for found, _ in control.marks([id, broken, gone, "../x", "ALL"])] == [id]


def test_a_closed_or_missing_spool_is_an_error(site: Site, by_hand: Hand, control: Control, tmp_path: Path) -> None:
    id = site.send(newsletter())
    assert control.where()
    site.mta.stop()
    by_hand.spool.rename(tmp_path / "elsewhere")
    with pytest.raises(MtaError):
        control.where()
    with pytest.raises(MtaError):
        dict(control.marks([id]))
