"""What only a Postfix does when its queue is worked by hand."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from contrib.sandbox.mail import mail, send, send_all
from contrib.sandbox.postfix import PrivatePostfix
from contrib.sandbox.sink import FastSink, Sink
from contrib.sandbox.wait import wait_until
from lanes.config.load import parse
from lanes.mta import choose
from lanes.mta.port import Control, Queue, Requeued
from tests.contract.mtas import HASHED, POSTFIX, World, world


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running


@pytest.fixture(params=[{}, HASHED], ids=["stock queue folders", "hashed queue folders"])
def postfix(sink: Sink, request: pytest.FixtureRequest) -> Iterator[PrivatePostfix]:
    with PrivatePostfix(sink.port, parameters={**POSTFIX, **request.param}) as running:
        yield running


@pytest.fixture
def site(postfix: PrivatePostfix, sink: Sink) -> World:
    return world(postfix, sink)


@pytest.fixture
def control(postfix: PrivatePostfix) -> Control:
    return control_of(postfix)


def control_of(postfix: PrivatePostfix) -> Control:
    return choose.control(parse(postfix.settings))


def test_a_command_is_never_given_what_is_no_queue_id(postfix: PrivatePostfix, control: Control) -> None:
    # When somebody asks for what is none
    control.release(["ALL", "-", "a\nALL", "CAFE01"])
    # Then Postfix had nothing to complain of
    assert "invalid mail queue id" not in postfix.log


def test_a_destination_thought_dead_is_tried_again_as_well() -> None:
    # Given a destination that was down, which Postfix remembers for an hour
    outside = FastSink()
    with PrivatePostfix(outside.port, parameters=POSTFIX) as postfix:
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


def test_mail_that_the_queue_manager_was_not_told_of_is_found(
    site: World, postfix: PrivatePostfix, control: Control
) -> None:
    # Given a message in a queue that mail only passes through
    incoming, = site.hold_some(1)
    place = {path.name: path for path in (postfix.folders.queue / "hold").rglob("*")}[incoming]
    moved = Path(str(place).replace("/hold/", "/incoming/"))
    moved.parent.mkdir(parents=True, exist_ok=True)
    place.rename(moved)
    # Then it is found there
    assert control.find([incoming]) == {incoming: Queue.INCOMING}


def test_addresses_that_are_not_utf8_are_listed_as_postfix_shows_them(
    site: World, postfix: PrivatePostfix, control: Control
) -> None:
    held = send(postfix.port, site.bulk("strange")._replace(sender="caf\udce9@example.net"))
    listed, = control.list()
    assert (listed.id, listed.sender) == (held, "caf?@example.net")


def test_the_log_tells_of_a_requeue_and_the_new_id(site: World, postfix: PrivatePostfix, control: Control) -> None:
    # Given mail that starts anew
    id, = site.hold_some(1)
    control.requeue([id])
    arrived, = site.sink.wait_for(1)
    # When the log is read
    grammar = choose.grammar(parse(postfix.settings))
    postfix.wait_for_log(f"{arrived.queue_id}: removed")
    events = [event for line in postfix.log.splitlines() if (event := grammar(line, time.time()))]
    # Then it tells the new id
    told = [event._replace(at=0.0) for event in events if isinstance(event, Requeued)]
    assert told == [Requeued(id, 0.0, arrived.queue_id)]
