"""Two real Postfix instances worked as one queue: each message is found where it is, and what it says there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from contrib.sandbox.mail import mail, send
from contrib.sandbox.postfix import PrivatePostfix
from contrib.sandbox.sink import Sink
from contrib.sandbox.wait import wait_until
from lanes.config.load import parse
from lanes.mta import choose
from lanes.mta.port import Control, Hold, MtaError, Queue

NOWHERE = "4jYTDZ4h8bzJC7V"
LATER = "later.example"


@pytest.fixture
def pair() -> Iterator[tuple[PrivatePostfix, PrivatePostfix]]:
    """The front, and one behind it; both have a message that is deferred."""
    with Sink() as sink, PrivatePostfix(sink.port) as front, PrivatePostfix(sink.port) as behind:
        sink.answer(LATER, "451 4.7.1 Later")
        for one in (front, behind):
            send(one.port, mail("stuck", f"a@{LATER}", headers={"X-Lane": "bulk", "X-Lane-Hold": "mx1"}))
            wait_until(lambda one=one: one.queue("deferred"), "a deferred message")  # type: ignore[misc]
        yield front, behind


@pytest.fixture
def control(pair: tuple[PrivatePostfix, PrivatePostfix]) -> Control:
    front, behind = pair
    return choose.control(parse(f"""
        mta.config_directory = "{front.config}"
        mta.log = "{front.log_path}"
        [mta.instances.bulk]
        config_directory = "{behind.config}"
        port = {behind.port}
    """))


@pytest.fixture
def ids(pair: tuple[PrivatePostfix, PrivatePostfix]) -> list[str]:
    return [one.queue("deferred")[0] for one in pair]


def tries(pair: tuple[PrivatePostfix, PrivatePostfix]) -> list[int]:
    """How often each has tried to deliver its message."""
    return [one.log.count("status=deferred") for one in pair]


def test_each_message_is_found_where_it_is(control: Control, ids: list[str]) -> None:
    both = dict.fromkeys(ids, Queue.DEFERRED)
    assert control.find([*ids, NOWHERE]) == both
    assert control.where() == both
    assert {entry.id for entry in control.list()} == set(ids)


def test_orders_are_carried_out_where_each_message_is(
    pair: tuple[PrivatePostfix, PrivatePostfix], control: Control, ids: list[str]
) -> None:
    # When both are put on hold, Then each instance holds its own
    assert control.hold([*ids, NOWHERE]) == set(ids)
    assert [one.queue("hold") for one in pair] == [[id] for id in ids]
    # And both are released, once
    assert [control.release([*ids, NOWHERE]) for _ in range(2)] == [set(ids), set()]
    wait_until(lambda: control.find(ids) == dict.fromkeys(ids, Queue.DEFERRED), "both to be tried again")
    # And both are tried again, and start anew, each where it is
    attempts = tries(pair)
    control.retry(ids)
    wait_until(lambda: all(now > before for now, before in zip(tries(pair), attempts, strict=True)), "another try")
    assert control.requeue(ids) == set(ids)
    wait_until(lambda: all(f"orig_id={id}" in one.log for one, id in zip(pair, ids, strict=True)), "a new id of each")


def test_a_hold_behind_is_never_ours(control: Control, ids: list[str]) -> None:
    # Given a message in the instance behind, that bears the word of the front's filter, on hold by hand
    _, behind = ids
    control.hold([behind])
    (told,) = dict(control.marks([behind])).values()
    assert told.hold in (Hold.KEPT, Hold.OTHER)


def test_what_is_not_there_is_nobodys(control: Control) -> None:
    assert control.release([NOWHERE]) == set()
    assert control.find([NOWHERE]) == {}
    assert list(control.marks([NOWHERE])) == []


def test_an_instance_that_cannot_be_read_keeps_nothing_in_front_from_being_released(
    pair: tuple[PrivatePostfix, PrivatePostfix], ids: list[str]
) -> None:
    # Given settings that name an instance that is not there
    front, _ = pair
    control = choose.control(parse(f"""
        mta.config_directory = "{front.config}"
        [mta.instances.bulk]
        config_directory = "{front.config}/nobody"
        port = 1
    """))
    # When what is in front is put on hold, and released, Then it is
    assert control.hold(ids[:1]) == {ids[0]}
    assert control.release(ids[:1]) == {ids[0]}
    # But what is elsewhere cannot be told
    with pytest.raises(MtaError, match="nobody"):
        control.find(ids)
