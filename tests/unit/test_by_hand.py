"""Who was released or put on hold by hand, as the log tells, and what was put aside of it."""

from __future__ import annotations

import calendar
import gzip
import os
from pathlib import Path

import pytest

from lanes.mta.postfix.by_hand import ByHand

ID, OTHER = "4jYTDZ4h8gzJC7V", "4jYTF04nvzzJBFg"
AT = float(calendar.timegm((2026, 11, 24, 3, 43, 26)))


def line(what: str, id: str = ID, who: str = "postsuper", second: int = 26) -> str:
    return f"2026-11-24T03:43:{second:02}Z mx1 postfix/{who}[9725]: {id}: {what}\n"


def told(log: Path) -> bool:
    by_hand = ByHand(log, {ID}, lambda: AT)
    by_hand.read(AT)
    return by_hand.touched(ID, AT)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "mail.log"


@pytest.mark.parametrize("what", ["released from hold", "placed on hold"])
def test_what_was_done_by_hand_is_told(log: Path, what: str) -> None:
    log.write_text(line("removed", OTHER) + line(what))
    assert told(log)


@pytest.mark.parametrize("text", [
    "", line("released from hold", OTHER), line("released from hold", who="smtp"), line("removed"),
    line("milter-hold: END-OF-MESSAGE from h[192.0.2.1]: milter triggers HOLD action; from=<> on hold", who="cleanup"),
    line("released from hold").rstrip(),
])
def test_what_was_not_done_by_hand_or_to_another_is_not(log: Path, text: str) -> None:
    log.write_text(text)
    assert not told(log)


def test_what_was_done_before_the_message_came_was_done_to_another(log: Path) -> None:
    # Given a short id, that is used again
    log.write_text(line("released from hold", second=20))
    assert not told(log)


@pytest.mark.parametrize("name", ["mail.log.1", "mail.log.1.gz", "mail.log-20261124", "mail.log.20261124-034326.gz"])
def test_the_last_log_is_read_as_well(log: Path, name: str) -> None:
    # Given a log that was put aside, by logrotate(8) or `postfix logrotate`, and an older one
    older = log.with_name("mail.log.7.gz" if name.endswith("1") else "mail.log.7")
    older.write_bytes(b"older")
    os.utime(older, (AT - 86400, AT - 86400))
    text = line("placed on hold").encode()
    log.with_name(name).write_bytes(gzip.compress(text) if name.endswith("gz") else text)
    # Then it tells, whether or not there is a present one
    assert told(log)
    log.write_text("")
    assert told(log)


def test_all_logs_are_read_that_were_written_to_since_the_message_came(log: Path) -> None:
    # Given logs that were put aside often since
    for number, text in ((3, line("placed on hold")), (2, line("removed", OTHER)), (1, line("removed", OTHER))):
        aside = log.with_name(f"mail.log.{number}")
        aside.write_text(text)
        os.utime(aside, (AT + 30 - number, AT + 30 - number))
    # Then what was done first is told, and of a message that came after it is not asked for
    assert told(log)
    by_hand = ByHand(log, {ID}, lambda: AT)
    by_hand.read(AT + 60)
    assert not by_hand.touched(ID, AT)
    # And who asks of an older one after that is told as well
    by_hand.read(AT)
    assert by_hand.touched(ID, AT)


@pytest.mark.parametrize("data", [b"junk", gzip.compress(line("removed").encode() * 1000)[:-20], b""])
def test_a_broken_log_tells_what_it_can(log: Path, data: bytes) -> None:
    log.with_name("mail.log.1.gz").write_bytes(data)
    log.write_text(line("placed on hold"))
    assert told(log)


def test_reading_on_finds_what_is_new(log: Path) -> None:
    # Given a log that was read to its end
    log.write_text(line("removed", OTHER))
    by_hand = ByHand(log, {ID}, lambda: AT)
    by_hand.read(AT)
    assert not by_hand.touched(ID, AT)
    # When something is done, and the log is put aside
    with log.open("a") as file:
        file.write(line("released from hold"))
    log.rename(log.with_name("mail.log.1"))
    log.write_text(line("removed", OTHER))
    by_hand.read(AT)
    # Then it is told
    assert by_hand.touched(ID, AT)
