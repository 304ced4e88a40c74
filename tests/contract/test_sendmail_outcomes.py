"""Everything that can become of a message, as a real Sendmail tells it, and what the tracker makes of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from contrib.sandbox.mail import mail, send
from contrib.sandbox.sendmail import PrivateSendmail
from contrib.sandbox.sink import Sink
from contrib.sandbox.wait import wait_until
from lanes.life import Result
from lanes.mta.port import Attempt, Event
from lanes.mta.sendmail.grammar import SendmailGrammar
from lanes.services.fold import Change, fold, result
from tests.contract.mtas import SENDMAIL


class World(NamedTuple):
    """A Sendmail, and the world that its mail goes to."""

    sendmail: PrivateSendmail
    sink: Sink

    def send(self, *recipients: str) -> str:
        return send(self.sendmail.port, mail("Hello", recipients))

    def events(self) -> list[Event]:
        grammar, now = SendmailGrammar("mx1"), time.time()
        found = [event for line in self.sendmail.log.splitlines() if (event := grammar(line, now))]
        assert grammar.unparsed == 0
        return found

    def change(self, id: str) -> Change:
        return fold(self.events())[0].get(id, Change())

    def attempts(self, id: str) -> set[tuple[str, str, str]]:
        """(recipient, outcome, status) of each."""
        return {(one.recipient, one.outcome.value, one.dsn) for one in self.events()
                if isinstance(one, Attempt) and one.id == id}

    def ended(self, id: str) -> Change:
        return wait_until(lambda: (change := self.change(id)).removed and change, f"the end of {id}", 20) or Change()

    def tried(self, id: str) -> Change:
        """After an attempt in vain, when nobody works on it any more."""
        wait_until(lambda: self.change(id).transition == "defer", f"a deferral of {id}", 20)
        wait_until(lambda: len(self.sendmail.processes()) == 1, "it to be let go of", 20)
        return self.change(id)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with Sink() as sink, PrivateSendmail(sink.port, lines=SENDMAIL) as sendmail:
        sink.answer("refused.example", "550 5.1.1 No such user, stat=Sent (ok)")
        sink.answer("busy.example", "451 4.7.1 Later, stat=Sent (ok)")
        sink.answer("full.example", "452 4.2.2 Mailbox full")
        yield World(sendmail, sink)


@pytest.mark.parametrize(
    ("recipient", "outcome", "how"),
    [("a@yes.example", "sent", Result.DELIVERED), ("a@refused.example", "bounced", Result.BOUNCED)],
)
def test_how_a_message_ends_is_understood(world: World, recipient: str, outcome: str, how: Result) -> None:
    id = world.send(recipient)
    end = world.ended(id)
    assert {(who, told) for who, told, _ in world.attempts(id)} == {(recipient, outcome)}
    assert result(end.progress, end.by_hand) is how


@pytest.mark.parametrize(("recipient", "status"), [("a@busy.example", "4.7.1"), ("a@full.example", "4.2.2")])
def test_what_is_put_off_is_not_at_an_end_until_it_is_given_up(world: World, recipient: str, status: str) -> None:
    # When a message cannot be delivered for now
    id = world.send(recipient)
    change = world.tried(id)
    # Then it waits, for the server's own reason, and nobody is done with
    assert (world.attempts(id), change.removed) == ({(recipient, "deferred", status)}, False)
    assert (change.progress.sent, change.progress.bounced, change.progress.expired) == (None, False, False)
    # And when Sendmail is made to give up what is older than a second, it has expired
    sent = time.time()
    wait_until(lambda: time.time() > sent + 2, "it to grow old")
    world.sendmail.command("-OTimeout.queuereturn=1s", f"-qI{id}")
    end = world.ended(id)
    assert result(end.progress, end.by_hand) is Result.EXPIRED


def test_a_message_ends_when_all_its_recipients_have(world: World) -> None:
    # Given a message for two who get it at once, one who bounces, and one whose server is busy
    world.sink.answer("busy.example", "451 4.7.1 Later")
    id = world.send("a@yes.example", "b@yes.example", "c@refused.example", "d@busy.example")
    before = world.tried(id)
    # When the last one takes it, later by Sendmail's clock of whole seconds
    tried = time.time()
    wait_until(lambda: time.time() > tried + 1, "another second")
    world.sink.answer("busy.example", "")
    world.sendmail.command(f"-qI{id}")
    end = world.ended(id)
    # Then it ends only then, with the time of the last delivery and the bounce
    assert (before.removed, before.progress.bounced) == (False, True)
    assert before.progress.sent is not None
    assert end.progress.sent is not None
    assert end.progress.sent > before.progress.sent
    assert result(end.progress, end.by_hand) is Result.BOUNCED


def test_a_destination_where_nobody_listens_defers() -> None:
    # Given a Sendmail without a world
    with Sink() as sink:
        port = sink.port
    with PrivateSendmail(port) as sendmail:
        world = World(sendmail, sink)
        id = world.send("a@yes.example")
        # Then its mail waits
        world.tried(id)
        assert world.attempts(id) == {("a@yes.example", "deferred", "4.4.1")}
