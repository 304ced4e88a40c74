"""The queue of a real Postfix, worked by hand through the port."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from contrib.sandbox.mail import mail, send, send_all
from contrib.sandbox.postfix import PrivatePostfix
from contrib.sandbox.sink import FastSink, Sink
from contrib.sandbox.wait import wait_until
from lanes.config.load import parse
from lanes.mta import choose
from lanes.mta.port import Control, MtaError, Queue, Released, Requeued, Withheld

#: Holds mail as a filter would, by a word in the recipient's address, so that other mail passes.
HOLDS = {
    "smtpd_recipient_restrictions": "check_recipient_access inline:{ {bulk@=HOLD} }, permit_mynetworks, reject",
}
#: As long as a test lasts, the queue manager looks at nothing unless it is told to.
PATIENT = {"minimal_backoff_time": "1h", "maximal_backoff_time": "1h", "queue_run_delay": "1h"}
#: Takes any byte in an address, as every Postfix did before SMTPUTF8.
TOLERANT = {"smtputf8_enable": "no"}
HASHED = {"hash_queue_names": "hold, incoming active deferred", "hash_queue_depth": "2"}


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running


@pytest.fixture(params=[{}, HASHED], ids=["stock queue folders", "hashed queue folders"])
def parameters(request: pytest.FixtureRequest) -> Mapping[str, str]:
    return {**HOLDS, **PATIENT, **TOLERANT, **request.param}


@pytest.fixture
def postfix(sink: Sink, parameters: Mapping[str, str]) -> Iterator[PrivatePostfix]:
    with PrivatePostfix(sink.port, parameters=parameters) as running:
        yield running


@pytest.fixture
def control(postfix: PrivatePostfix) -> Control:
    return control_of(postfix)


def control_of(postfix: PrivatePostfix) -> Control:
    return choose.control(parse(f'mta.config_directory = "{postfix.config}"'))


def hold_some(postfix: PrivatePostfix, count: int) -> list[str]:
    """Send mail that Postfix puts on hold; its ids."""
    return send_all(postfix.port, [mail(f"held {number}", "bulk@example.com") for number in range(count)])


def defer_some(postfix: PrivatePostfix, sink: Sink, count: int) -> list[str]:
    """Send mail that the outside world does not take yet; its ids, once it is deferred."""
    sink.answer("example.com", "451 4.7.1 Later")
    ids = send_all(postfix.port, [mail(f"late {number}", "someone@example.com") for number in range(count)])
    wait_until(lambda: sorted(postfix.queue("deferred")) == sorted(ids), "mail to be deferred")
    sink.answer("example.com", "")
    return ids


def test_held_mail_that_is_released_leaves_at_once(postfix: PrivatePostfix, sink: Sink, control: Control) -> None:
    # Given mail on hold, and a queue manager that would not look for an hour
    first, second, third = hold_some(postfix, 3)
    # When two of the three are released
    released = control.release([first, third])
    # Then they arrive, and the other stays
    assert released == {first, third}
    assert {message.queue_id for message in sink.wait_for(2)} == {first, third}
    assert postfix.queue("hold") == [second]


def test_mail_that_is_not_on_hold_is_not_released(postfix: PrivatePostfix, sink: Sink, control: Control) -> None:
    # Given held, deferred and delivered mail
    held, *deferred = *hold_some(postfix, 1), *defer_some(postfix, sink, 1)
    delivered = send(postfix.port, mail("through", "someone@example.org"))
    sink.wait_for_subject("through")
    # When all of it is released, twice
    released = [control.release([held, *deferred, delivered]) for _ in range(2)]
    # Then only what was on hold was released, once
    assert released == [{held}, set()]


def test_what_is_no_queue_id_never_reaches_a_command(postfix: PrivatePostfix, control: Control) -> None:
    # Given held mail
    ids = hold_some(postfix, 2)
    # When somebody asks for more than that
    foreign = ["ALL", "-", "", "../hold/x", "a\nALL", f"{ids[1]}\n", "caf\udce9", "4jYTDZ4h8gzJC7V"]
    answers = (control.release([*foreign, ids[0]]), control.find(foreign), control.hold(foreign))
    control.retry(foreign)
    # Then what is an id is served, and nothing else is done or said
    assert answers == ({ids[0]}, {}, set())
    assert postfix.queue("hold") == [ids[1]]
    assert "invalid mail queue id" not in postfix.log


def test_thousands_leave_in_one_wave(postfix: PrivatePostfix, sink: Sink, control: Control) -> None:
    # Given two thousand messages on hold, and more ids than a pipe can hold
    ids = hold_some(postfix, 2000)
    unknown = [f"4jYT{number:06d}z{number:04d}" for number in range(8000)]
    # When all are released in one wave
    released = control.release([*unknown, *ids])
    # Then every one of them is named, and arrives
    assert released == set(ids)
    assert {message.queue_id for message in sink.wait_for(2000, timeout=60)} == set(ids)


def test_mail_is_put_on_hold_from_where_it_is(postfix: PrivatePostfix, sink: Sink, control: Control) -> None:
    # Given deferred mail, and mail that is on hold already
    deferred, held = defer_some(postfix, sink, 1), hold_some(postfix, 1)
    # When both are put on hold
    newly_held = control.hold([*deferred, *held])
    # Then only the first is newly so
    assert newly_held == set(deferred)
    assert control.find([*deferred, *held]) == dict.fromkeys([*deferred, *held], Queue.HOLD)


def test_deferred_mail_is_tried_again_at_once(postfix: PrivatePostfix, sink: Sink, control: Control) -> None:
    # Given deferred mail that Postfix would try again in an hour
    first, second, third = defer_some(postfix, sink, 3)
    # When some of it is to be tried again
    control.retry([first, third])
    # Then it arrives, and the other stays
    assert {message.queue_id for message in sink.wait_for(2)} == {first, third}
    assert postfix.queue("deferred") == [second]


def test_a_destination_thought_dead_is_tried_again_as_well(parameters: Mapping[str, str]) -> None:
    # Given a destination that was down, which Postfix remembers for an hour
    outside = FastSink()
    with PrivatePostfix(outside.port, parameters=parameters) as postfix:
        ids = send_all(postfix.port, [mail(f"late {number}") for number in range(3)])
        wait_until(lambda: len(postfix.queue("deferred")) == 3, "mail to be deferred")
        # When it is up again, and the mail is to be tried again
        with outside:
            control_of(postfix).retry(ids)
            # Then it is delivered
            wait_until(lambda: not control_of(postfix).find(ids), "mail to leave")
        for id in ids:
            postfix.wait_for_log(f"{id}: removed")
        assert postfix.log.count("status=sent") == 3


def test_mail_is_found_in_every_queue(postfix: PrivatePostfix, sink: Sink, control: Control) -> None:
    # Given mail on hold and deferred, mail under way to a slow server, and mail that was delivered
    held, deferred = hold_some(postfix, 1), defer_some(postfix, sink, 1)
    delivered = send(postfix.port, mail("through", "someone@example.org"))
    sink.wait_for_subject("through")
    sink.slow(30)
    active = send(postfix.port, mail("slow", "someone@example.org"))
    wait_until(lambda: postfix.queue("active") == [active], "a delivery to be under way")
    # And mail that the queue manager was not told of yet
    incoming, = hold_some(postfix, 1)
    place = {path.name: path for path in (postfix.folders.queue / "hold").rglob("*")}[incoming]
    moved = Path(str(place).replace("/hold/", "/incoming/"))
    moved.parent.mkdir(parents=True, exist_ok=True)
    place.rename(moved)
    # When all are looked for
    found = control.find([*held, *deferred, delivered, active, incoming])
    # Then each is where it is, and what was delivered is nowhere
    assert found == {
        held[0]: Queue.HOLD, deferred[0]: Queue.DEFERRED, active: Queue.ACTIVE, incoming: Queue.INCOMING,
    }


def test_the_whole_spool_is_listed(postfix: PrivatePostfix, sink: Sink, control: Control) -> None:
    # Given mail in two queues, one with a sender that is not UTF-8
    before = time.time()
    deferred, = defer_some(postfix, sink, 1)
    strange = mail("strange", ("bulk@example.com", "bulk@example.org"))._replace(sender="caf\udce9@example.net")
    held = send(postfix.port, strange)
    # When the spool is listed
    listed = {entry.id: entry for entry in control.list()}
    # Then all of it is there, with its envelope as Postfix shows it
    assert {id: entry.queue for id, entry in listed.items()} == {deferred: Queue.DEFERRED, held: Queue.HOLD}
    assert (listed[deferred].sender, listed[held].sender) == ("app@example.net", "caf?@example.net")
    assert listed[held].recipients == ("bulk@example.com", "bulk@example.org")
    assert before - 1 <= listed[held].arrived <= time.time()


def test_a_closed_or_missing_spool_is_not_taken_for_an_empty_one(postfix: PrivatePostfix, control: Control) -> None:
    # Given held mail that was found once
    ids = hold_some(postfix, 1)
    assert control.find(ids)
    # When the spool is not there any more
    postfix.stop()
    postfix.folders.queue.rename(postfix.folders.root / "elsewhere")
    # Then nobody is told that the mail is gone
    for ask in (control.find, control.release, control.hold):
        with pytest.raises(MtaError):
            ask(ids)
    with pytest.raises(MtaError):
        list(control.list())


def test_a_failing_command_says_which_and_why(tmp_path: Path) -> None:
    # Given a configuration folder without a configuration
    control = choose.control(parse(f'mta.config_directory = "{tmp_path}"'))
    # When mail is released
    # Then the error names command and cause
    with pytest.raises(MtaError, match=r"postsuper .* exited with 1: .*main\.cf"):
        control.release(["CAFE01"])


def test_the_log_tells_what_was_done_by_hand(postfix: PrivatePostfix, sink: Sink, control: Control) -> None:
    # Given mail that is held, released, held again and requeued
    id, = defer_some(postfix, sink, 1)
    control.hold([id])
    control.release([id])
    postfix.command("postsuper", "-r", id)
    postfix.kick("pickup", "W")
    arrived, = sink.wait_for(1)
    # When the log is read
    grammar = choose.grammar(parse(""))
    postfix.wait_for_log(f"{arrived.queue_id}: removed")
    events = [event for line in postfix.log.splitlines() if (event := grammar(line, time.time()))]
    # Then it tells all of that, and the new id
    told = [event for event in events if isinstance(event, Withheld | Released | Requeued)]
    assert [type(event) for event in told] == [Withheld, Released, Requeued]
    assert told[2]._replace(at=0.0) == Requeued(id, 0.0, arrived.queue_id)
