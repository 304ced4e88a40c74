"""The private Postfix and the sink that other tests stand on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from contrib.sandbox.mail import mail, send
from contrib.sandbox.postfix import PrivatePostfix, Relay, SandboxError
from contrib.sandbox.sink import FastSink, Sink

HOLD_ALL = {"smtpd_recipient_restrictions": "check_recipient_access static:HOLD, permit_mynetworks, reject"}


def processes_of(postfix: PrivatePostfix) -> list[str]:
    """The programs that run on this instance's configuration, which each of them has in its environment."""
    wanted = f"MAIL_CONFIG={postfix.config}".encode()
    environments = {path.parent: path for path in Path("/proc").glob("[0-9]*/environ")}
    return [folder.name for folder, path in environments.items() if wanted in _read(path).split(b"\0")]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_nothing_is_left_of_a_postfix_that_was_stopped() -> None:
    # Given a Postfix that has delivered something, so that all its daemons have run
    with Sink() as sink:
        with PrivatePostfix(sink.port) as postfix:
            send(postfix.port, mail("hello"))
            sink.wait_for_subject("hello")
            assert processes_of(postfix)
        # When it is stopped
        # Then neither its processes nor its folder are there
        assert processes_of(postfix) == []
        assert not postfix.folders.root.exists()


def test_a_postfix_that_was_killed_has_its_mail_when_it_is_started_again() -> None:
    # Given mail on hold
    with Sink() as sink, PrivatePostfix(sink.port, parameters=HOLD_ALL) as postfix:
        id = send(postfix.port, mail("held"))
        # When everything is killed, and started again
        postfix.kill()
        killed = processes_of(postfix)
        postfix.start()
        # Then the mail is still held, and can leave
        assert (killed, postfix.queue("hold")) == ([], [id])
        postfix.command("postsuper", "-H", id)
        postfix.kick()
        assert sink.wait_for_subject("held").queue_id == id


def test_two_run_side_by_side() -> None:
    # Given two of them, each with its own outside world
    with Sink() as east, Sink() as west, PrivatePostfix(east.port) as first, PrivatePostfix(west.port) as second:
        # When each gets a message, and the first is killed
        send(first.port, mail("to the east"))
        east.wait_for_subject("to the east")
        first.kill()
        send(second.port, mail("to the west"))
        # Then the second delivers, and nothing came the wrong way
        assert west.wait_for_subject("to the west").recipients == ("someone@example.com",)
        assert len(east.messages) == 1


def test_a_sink_answers_as_it_is_told_and_counts_connections() -> None:
    # Given an outside world that refuses one domain
    with Sink() as sink, PrivatePostfix(sink.port) as postfix:
        sink.answer("no.example", "550 5.1.1 No such user")
        # When a message goes to it and to another domain
        send(postfix.port, mail("Grüße", ("a@no.example", "b@yes.example"), sender="me@example.net"))
        # Then only the other takes it, and the sender is told
        assert sink.wait_for_subject("Grüße").recipients == ("b@yes.example",)
        _, bounce = sink.wait_for(2)
        assert (bounce.sender, bounce.recipients) == ("", ("me@example.net",))
        assert 1 <= sink.connections <= 2


def test_a_relay_has_its_own_name_in_the_log() -> None:
    # Given a relay, with an outside world of its own
    with Sink() as outside, FastSink() as far:
        relays = {"economy": Relay(far.port, concurrency=2)}
        routing = {"relayhost": "", "default_transport": f"economy:[127.0.0.1]:{far.port}"}
        with PrivatePostfix(outside.port, relays=relays, parameters=routing) as it:
            # When mail takes it
            id = send(it.port, mail("cheap"))
            it.wait_for_log(f"{id}: removed")
            # Then the log names it, and nothing went the usual way
            assert "postfix/economy/smtp[" in it.log
            assert outside.messages == []


def test_without_root_it_says_so_in_one_line() -> None:
    # Given a process without root
    os.seteuid(65534)
    # When it asks for a private Postfix
    try:
        with pytest.raises(SandboxError, match="root") as error:
            PrivatePostfix(1)
    finally:
        os.seteuid(0)
    # Then it gets the reason, in one line
    assert "\n" not in str(error.value)


def test_a_folder_that_postfix_cannot_enter_is_refused(tmp_path: Path) -> None:
    # Given a folder that is closed to other users
    tmp_path.chmod(0o700)
    # When a private Postfix is to live in it
    # Then it says so instead of failing later
    with pytest.raises(SandboxError, match="cannot enter"), PrivatePostfix(1, folder=tmp_path / "postfix"):
        pass


def test_a_fast_sink_is_gone_after_use() -> None:
    # Given a sink that took a message
    with FastSink() as sink:
        send(sink.port, mail("hello"))
    # When another is sent after it was left
    # Then nobody listens any more
    with pytest.raises(ConnectionRefusedError):
        send(sink.port, mail("too late"))
