"""The private Sendmail that other tests stand on."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from contrib.sandbox import sendmail
from contrib.sandbox.mail import mail, send
from contrib.sandbox.mta import SandboxError
from contrib.sandbox.sendmail import PrivateSendmail
from contrib.sandbox.sink import Sink
from contrib.sandbox.wait import wait_until
from tests.contract.mtas import SENDMAIL, SendmailHand


def test_nothing_is_left_of_a_sendmail_that_was_stopped() -> None:
    # Given a Sendmail that is delivering something
    with Sink() as sink:
        with PrivateSendmail(sink.port) as mta:
            send(mta.port, mail("hello"))
            sink.wait_for_subject("hello")
            sink.slow(30)
            send(mta.port, mail("on its way"))
            # The daemon, and the process that delivers
            wait_until(lambda: len(mta.processes()) == 2, "a delivery")
        # When it is stopped
        # Then neither its processes nor its folder are there
        assert mta.processes() == []
        assert not mta.folders.root.exists()


def test_a_sendmail_that_was_killed_has_its_mail_when_it_is_started_again() -> None:
    # Given mail on hold
    with Sink() as sink, PrivateSendmail(sink.port, lines=SENDMAIL) as mta:
        id = send(mta.port, mail("held", "suspect@example.com"))
        # When everything is killed, and started again
        mta.kill()
        killed = mta.processes()
        mta.start()
        # Then the mail is still held, and can leave
        assert (killed, mta.queue("hold")) == ([], [id])
        by_hand = SendmailHand(mta)
        by_hand.release(id)
        by_hand.run()
        assert sink.wait_for_subject("held").queue_id == id


def test_two_run_side_by_side() -> None:
    # Given two of them, each with its own outside world
    with Sink() as east, Sink() as west, PrivateSendmail(east.port) as first, PrivateSendmail(west.port) as second:
        # When each gets a message, and the first is killed
        send(first.port, mail("to the east"))
        east.wait_for_subject("to the east")
        first.kill()
        send(second.port, mail("to the west"))
        # Then the second delivers, and nothing came the wrong way
        assert west.wait_for_subject("to the west").recipients == ("someone@example.com",)
        assert len(east.messages) == 1


def test_its_log_is_written_as_syslog_would() -> None:
    # Given a Sendmail
    with Sink() as sink, PrivateSendmail(sink.port) as mta:
        # When it delivers something, and a command is run on it
        id = send(mta.port, mail("hello"))
        mta.wait_for_log(f"{id}: done; ")
        mta.command("-f", "root@example.net", "someone@example.com", text="Subject: by hand\n\n")
        wait_until(lambda: mta.log.count(": done; ") == 2, "both to be done")
        # Then every line has its time, host, program and process id
        line = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00 sandbox sendmail\[\d+\]: [^\x00-\x1f]+")
        assert [text for text in mta.log.splitlines() if not line.fullmatch(text)] == []


def test_a_configuration_that_is_none_is_told_of() -> None:
    with pytest.raises(SandboxError, match=r"did not start.*unknown option name NoSuch"):
        PrivateSendmail(1, lines="LOCAL_CONFIG\nO NoSuch=1").__enter__()


def test_without_root_or_sendmail_it_says_so_in_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # Given a process without root
    os.seteuid(65534)
    try:
        with pytest.raises(SandboxError, match="root") as rootless:
            PrivateSendmail(1)
    finally:
        os.seteuid(0)
    # And a checkout that was not set up
    monkeypatch.setattr(sendmail, "_PRELOAD", tmp_path / "preload.so")
    with pytest.raises(SandboxError, match=r"contrib/setup\.sh") as unpacked:
        PrivateSendmail(1)
    # Then each says what is missing, in one line
    assert "\n" not in f"{rootless.value}{unpacked.value}"
