"""The queue of a real mail server, worked by hand through the port: the same on every MTA."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from contrib.sandbox.mail import mail, send
from contrib.sandbox.sink import Sink
from contrib.sandbox.wait import wait_until
from lanes.config.load import parse
from lanes.mta import choose
from lanes.mta.port import Control, MtaError, Queue, Released, Withheld
from tests.contract.mtas import MTAS, World, world


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running


@pytest.fixture(params=list(MTAS.values()), ids=list(MTAS))
def site(sink: Sink, request: pytest.FixtureRequest) -> Iterator[World]:
    with request.param(sink.port) as running:
        yield world(running, sink)


@pytest.fixture
def control(site: World) -> Control:
    return site.control


def test_held_mail_that_is_released_leaves_at_once(site: World, control: Control) -> None:
    # Given mail on hold, and an MTA that would not look for an hour
    first, second, third = site.hold_some(3)
    # When two of the three are released
    released = control.release([first, third])
    # Then they arrive, and the other stays
    assert released == {first, third}
    assert {message.queue_id for message in site.sink.wait_for(2)} == {first, third}
    assert site.mta.queue("hold") == [second]


def test_mail_that_is_not_on_hold_is_not_released(site: World, control: Control) -> None:
    # Given held, deferred and delivered mail
    held, *deferred = *site.hold_some(1), *site.defer_some(1)
    delivered = send(site.mta.port, mail("through", "someone@example.org"))
    site.sink.wait_for_subject("through")
    # When all of it is released, twice
    released = [control.release([held, *deferred, delivered]) for _ in range(2)]
    # Then only what was on hold was released, once
    assert released == [{held}, set()]


def test_mail_that_others_hold_is_not_released_whoever_asks(site: World, control: Control) -> None:
    # Given mail on our hold, and on somebody else's
    ours, = site.hold_some(1)
    theirs = send(site.mta.port, mail("odd", "suspect@example.com"))
    # When both are to be released, Then only ours is
    assert control.release([ours, theirs]) == {ours}
    assert site.mta.queue("hold") == [theirs]


def test_what_is_no_queue_id_never_reaches_a_command(site: World, control: Control) -> None:
    # Given held mail
    ids = site.hold_some(2)
    # When somebody asks for more than that
    foreign = ["ALL", "-", "", "../hold/x", "a\nALL", f"{ids[1]}\n", ids[1][:-1], "caf\udce9", site.unknown(1)]
    answers = (control.release([*foreign, ids[0]]), control.find(foreign), control.hold(foreign))
    control.retry(foreign)
    # Then what is an id is served, and nothing else is done
    assert answers == ({ids[0]}, {}, set())
    assert site.mta.queue("hold") == [ids[1]]


def test_hundreds_leave_in_one_wave(site: World, control: Control) -> None:
    # Given more messages on hold than fit into one piece, and ids that are of none
    ids = site.hold_some(site.many)
    unknown = [site.unknown(number) for number in range(4 * site.many)]
    # When all are released in one wave
    released = control.release([*unknown, *ids])
    # Then every one of them is named, and arrives
    assert released == set(ids)
    assert {message.queue_id for message in site.sink.wait_for(site.many, timeout=120)} == set(ids)


def test_mail_is_put_on_hold_from_where_it_is(site: World, control: Control) -> None:
    # Given deferred mail, and mail that is on hold already
    deferred, held = site.defer_some(1), site.hold_some(1)
    # When both are put on hold
    newly_held = control.hold([*deferred, *held])
    # Then only the first is newly so
    assert newly_held == set(deferred)
    assert control.find([*deferred, *held]) == dict.fromkeys([*deferred, *held], Queue.HOLD)
    # And both can be released
    assert control.release([*deferred, *held]) == {*deferred, *held}


def test_deferred_mail_is_tried_again_at_once(site: World, control: Control) -> None:
    # Given deferred mail that the MTA would try again in an hour
    first, second, third = site.defer_some(3)
    # When some of it is to be tried again
    control.retry([first, third])
    # Then it arrives, and the other stays
    assert {message.queue_id for message in site.sink.wait_for(2)} == {first, third}
    wait_until(lambda: control.where() == {second: Queue.DEFERRED}, "what arrived to leave the queue")


def test_mail_starts_anew_held_or_not(site: World, control: Control) -> None:
    # Given mail on hold, deferred, and none at all
    held, deferred = site.hold_some(1), site.defer_some(1)
    # When all of it is to start anew
    begun = control.requeue([*held, *deferred, site.unknown(1)])
    # Then what is there does, and arrives
    assert begun == {*held, *deferred}
    assert {message.subject for message in site.sink.wait_for(2)} == {"held 0", "late 0"}


def test_mail_is_found_where_it_is(site: World, control: Control) -> None:
    # Given mail on hold and deferred, mail under way to a slow server, and mail that was delivered
    held, deferred = site.hold_some(1), site.defer_some(1)
    delivered = send(site.mta.port, mail("through", "someone@example.org"))
    site.sink.wait_for_subject("through")
    wait_until(lambda: not control.find([delivered]), "it to leave the queue")
    site.sink.slow(30)
    active = send(site.mta.port, mail("slow", "someone@example.org"))
    # Then each is found where it is, and what was delivered is nowhere
    expected = {held[0]: Queue.HOLD, deferred[0]: Queue.DEFERRED, active: Queue.ACTIVE}
    wait_until(lambda: control.find([*held, *deferred, delivered, active]) == expected, "a delivery to be under way")
    assert control.where() == expected


def test_the_whole_spool_is_listed(site: World, control: Control) -> None:
    # Given mail in two queues
    before = time.time()
    deferred, = site.defer_some(1)
    held = send(site.mta.port, site.bulk("two of us", "someone@example.org"))
    # When the spool is listed
    listed = {entry.id: entry for entry in control.list()}
    # Then all of it is there, with its envelope
    assert {id: entry.queue for id, entry in listed.items()} == {deferred: Queue.DEFERRED, held: Queue.HOLD}
    assert listed[held].sender == "app@example.net"
    assert sorted(listed[held].recipients) == ["bulk@example.com", "someone@example.org"]
    assert before - 1 <= listed[held].arrived <= time.time()


def test_a_closed_or_missing_spool_is_not_taken_for_an_empty_one(site: World, control: Control) -> None:
    # Given held mail that was found once
    ids = site.hold_some(1)
    assert control.find(ids)
    # When the spool is not there any more
    site.mta.stop()
    site.hand.spool.rename(site.hand.spool.with_name("elsewhere"))
    # Then nobody is told that the mail is gone
    for ask in (control.find, control.release, control.hold):
        with pytest.raises(MtaError):
            ask(ids)
    for look in (control.list, control.where):
        with pytest.raises(MtaError):
            list(look())


@pytest.mark.parametrize(
    ("kind", "id", "named"),
    [
        ('mta.config_directory = "{}"', "CAFE01", r"postconf .* exited with 1: .*main\.cf"),
        ('mta.kind = "sendmail"\nmta.sendmail.binary = "/bin/false"\nmta.sendmail.queue = "{}"', "6AO88uRg001516",
         r"/bin/false -C /etc/mail/sendmail\.cf .* exited with 1: it said nothing"),
    ],
    ids=["postfix", "sendmail"],
)
def test_a_failing_command_says_which_and_why(tmp_path: Path, kind: str, id: str, named: str) -> None:
    # Given an MTA whose command fails
    control = choose.control(parse(kind.format(tmp_path)))
    # When mail is released
    # Then the error names command and cause
    with pytest.raises(MtaError, match=named):
        control.release([id])


def test_an_mta_that_is_not_installed_is_told_of(tmp_path: Path) -> None:
    settings = parse(f'mta.kind = "sendmail"\nmta.sendmail.binary = "{tmp_path}/sendmail"')
    with pytest.raises(MtaError, match="Sendmail is not installed"):
        choose.control(settings)


def test_the_log_tells_what_was_done_by_hand(site: World, control: Control) -> None:
    # Given mail that is held and released again
    id, = site.defer_some(1)
    control.hold([id])
    control.release([id])
    control.retry([id])
    site.sink.wait_for(1)
    # When the log is read
    grammar = choose.grammar(parse(site.mta.settings))
    events = [event for line in site.mta.log.splitlines() if (event := grammar(line, time.time()))]
    # Then it tells all of that
    told = [event for event in events if isinstance(event, Withheld | Released)]
    assert [(type(event), event.id) for event in told] == [(Withheld, id), (Released, id)]
    assert grammar.unparsed == 0
