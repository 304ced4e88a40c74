"""Everything that can become of a message, as a real Postfix tells it, and what the tracker makes of it."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.lmtp import LMTP

from contrib.sandbox.mail import Client, mail, send
from contrib.sandbox.ports import LOOPBACK, free_port
from contrib.sandbox.postfix import PrivatePostfix, Relay
from contrib.sandbox.sink import Sink
from contrib.sandbox.wait import wait_until
from lanes.life import Result
from lanes.mta.port import Attempt, Event, Requeued
from lanes.mta.postfix.grammar import PostfixGrammar
from lanes.services.fold import Change, fold, result


class LmtpSink(Controller):
    """A mailbox server that takes everything."""

    class Handler:
        """Takes everything."""

        async def handle_DATA(self, *_: object) -> str:  # noqa: N802 - aiosmtpd calls it so
            """One reply for each recipient is made of this."""
            return "250 2.0.0 Ok"

    def __init__(self) -> None:
        super().__init__(self.Handler(), LOOPBACK, free_port())

    def factory(self) -> LMTP:
        """The protocol."""
        return LMTP(self.handler)


class World(NamedTuple):
    """A Postfix with a delivery agent for each domain."""

    postfix: PrivatePostfix
    sink: Sink

    def send(self, *recipients: str) -> str:
        return send(self.postfix.port, mail("Hello", recipients))

    def events(self) -> list[Event]:
        grammar, now = PostfixGrammar(), time.time()
        found = [event for line in self.postfix.log.splitlines() if (event := grammar(line, now))]
        assert grammar.unparsed == 0
        return found

    def change(self, id: str) -> Change:
        return fold(self.events())[0].get(id, Change())

    def attempts(self, id: str) -> set[tuple[str, str, str]]:
        """(recipient, outcome, transport) of each."""
        return {(one.recipient, one.outcome.value, one.transport) for one in self.events()
                if isinstance(one, Attempt) and one.id == id}

    def ended(self, id: str) -> Change:
        return wait_until(lambda: (change := self.change(id)).removed and change, f"the end of {id}", 20) or Change()

    def tried(self, id: str) -> Change:
        return wait_until(lambda: (change := self.change(id)).transition == "defer" and change, f"{id}", 20) or Change()


def agents(folder: Path, lmtp: int, outside: int) -> dict[str, str]:
    """A domain of each delivery agent's own."""
    transports = {
        "discard.example": "discard:thrown away", "error.example": "error:5.1.1 no such place",
        "retry.example": "retry:4.3.0 later", "pipe.example": "archive:",
        "lmtp.example": f"lmtp:inet:{LOOPBACK}:{lmtp}",
        "local.example": "local:", "virtual.example": "virtual:", "soft.example": f"soft:[{LOOPBACK}]:{outside}",
    }  # fmt: skip
    return {
        "transport_maps": f"inline:{{ {' '.join(f'{{{domain} = {way}}}' for domain, way in transports.items())} }}",
        "mydestination": "local.example",
        "alias_maps": "inline:{ {drop = /dev/null} }",
        "virtual_mailbox_domains": "virtual.example",
        "virtual_mailbox_base": str(folder),
        "virtual_mailbox_maps": "static:box",
        "virtual_uid_maps": "static:65534",
        "virtual_gid_maps": "static:65534",
        "smtpd_reject_unlisted_recipient": "no",
        "smtpd_authorized_xforward_hosts": "127.0.0.0/8",
    }


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    # Not pytest's own folder: nobody may enter that, and virtual(8) delivers as nobody.
    base = Path(tempfile.mkdtemp(prefix="mailboxes-"))
    shutil.chown(base, 65534, 65534)
    lmtp = LmtpSink()
    lmtp.start()
    with Sink() as sink:
        soft = {"soft": Relay(options={"soft_bounce": "yes"})}
        postfix = PrivatePostfix(sink.port, relays=soft, parameters=agents(base, lmtp.port, sink.port))
        postfix.write_files()
        with (postfix.config / "master.cf").open("a") as file:
            file.write("archive unix - n n - - pipe flags=F user=nobody argv=/bin/true\n")
        try:
            postfix.start()
            yield World(postfix, sink)
        finally:
            postfix.__exit__()
            lmtp.stop()
            shutil.rmtree(base)


@pytest.mark.parametrize(
    ("recipient", "outcome", "transport", "how"),
    [
        ("a@smtp.example", "sent", "smtp", Result.DELIVERED),
        ("a@lmtp.example", "sent", "lmtp", Result.DELIVERED),
        ("drop@local.example", "sent", "local", Result.DELIVERED),
        ("a@virtual.example", "sent", "virtual", Result.DELIVERED),
        ("a@pipe.example", "sent", "archive", Result.DELIVERED),
        ("a@discard.example", "sent", "discard", Result.DELIVERED),
        ("a@error.example", "bounced", "error", Result.BOUNCED),
        ("a@refused.example", "bounced", "smtp", Result.BOUNCED),
    ],
)
def test_what_every_delivery_agent_does_is_understood(
    world: World, recipient: str, outcome: str, transport: str, how: Result
) -> None:
    # Given a destination that refuses its recipients
    world.sink.answer("refused.example", "550 5.1.1 No such user")
    # When a message goes by an agent
    id = world.send(recipient)
    end = world.ended(id)
    # Then it is known how it ended, and by which service
    assert {(told, way) for _, told, way in world.attempts(id)} == {(outcome, transport)}
    assert result(end.progress, end.by_hand) is how


@pytest.mark.parametrize(
    ("recipient", "transport"), [("a@retry.example", "error"), ("a@soft.example", "soft"), ("a@busy.example", "smtp")]
)
def test_what_is_put_off_is_not_at_an_end(world: World, recipient: str, transport: str) -> None:
    # Given a destination that is busy, and a transport that takes refusals for passing (soft_bounce)
    world.sink.answer("busy.example", "451 4.3.0 Later")
    world.sink.answer("soft.example", "550 5.1.1 No such user")
    # When a message cannot be delivered for now
    id = world.send(recipient)
    change = world.tried(id)
    # Then it waits, and nobody is done with
    assert ({way for *_, way in world.attempts(id)}, change.removed) == ({transport}, False)
    assert (change.progress.sent, change.progress.bounced, change.progress.expired) == (None, False, False)
    # And when the MTA is made to give it up, it has expired
    world.postfix.command("postsuper", "-e", id)
    world.postfix.command("postqueue", "-i", id)
    end = world.ended(id)
    assert result(end.progress, end.by_hand) is Result.EXPIRED


def test_a_message_ends_when_all_its_recipients_have(world: World) -> None:
    # Given a message for somebody who gets it at once, one who bounces, and one whose server is busy
    world.sink.answer("busy.example", "451 4.3.0 Later")
    id = world.send("a@smtp.example", "b@error.example", "c@busy.example", "d@lmtp.example")
    wait_until(lambda: len(world.attempts(id)) == 4, "four attempts", 20)
    before = world.change(id)
    # When the last one takes it
    time.sleep(1.1)
    world.sink.answer("busy.example", "")
    world.postfix.command("postqueue", "-i", id)
    end = world.ended(id)
    # Then it ends only then, with the time of the last delivery and the bounce
    assert (before.removed, before.progress.bounced) == (False, True)
    assert end.progress.sent is not None
    assert before.progress.sent is not None
    assert end.progress.sent > before.progress.sent + 1
    assert result(end.progress, end.by_hand) is Result.BOUNCED


def test_a_message_that_is_requeued_or_deleted_is_followed(world: World) -> None:
    # Given two messages that wait
    requeued, deleted = world.send("a@retry.example"), world.send("b@retry.example")
    for id in (requeued, deleted):
        world.tried(id)
    # When one is given a new id, and one is deleted
    world.postfix.command("postsuper", "-r", requeued)
    world.postfix.command("postsuper", "-d", deleted)
    world.postfix.kick("pickup", "W")
    # Then it is known which is which
    moved = wait_until(lambda: [one for one in world.events() if isinstance(one, Requeued) and one.id == requeued],
                       "the requeue", 20)
    assert not moved[0].anew
    end = world.ended(deleted)
    assert result(end.progress, end.by_hand) is Result.GONE


def test_a_message_that_a_content_filter_gives_back_is_the_same_message(world: World) -> None:
    # Given a message, and a content filter that hands it in again, and says so by XFORWARD
    first = world.send("a@smtp.example")
    with Client(world.postfix.port) as client:
        client.command(f"XFORWARD IDENT={first} NAME=client.example.net ADDR=192.0.2.1")
        second = client.send(mail("Hello"))
    world.ended(second)
    # Then it lives on under its new id, and its delays are counted from then on
    moved = [one for one in world.events() if isinstance(one, Requeued) and one.new_id == second]
    assert [(one.id, one.anew) for one in moved] == [(first, True)]
