"""systemd's journal as the mail log, told by a program that speaks as journalctl(1) does."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from contrib.sandbox.wait import wait_until
from lanes.mta.journal import Journal, newest
from lanes.mta.port import Removed, Stretch
from lanes.mta.postfix.grammar import PostfixGrammar

ID = "4jYTDZ4h8gzJC7V"
AT = 1_800_000_000.25
#: Follows FILE from the entry after the cursor, as journalctl does, or says that it does not know the cursor.
JOURNALCTL = """#!/bin/sh
printf '%s\\n' "$@" >"{folder}/arguments"
for argument; do
    case "$argument" in
        --after-cursor=c*) after=${{argument#--after-cursor=c}} ;;
        --after-cursor=*) echo 'Failed to seek to cursor: Invalid argument' >&2; exit 1 ;;
    esac
done
exec tail -n "+$((${{after:-0}} + 1))" -f "{folder}/journal"
"""


class World:
    """A journal that others write to, and the clock."""

    def __init__(self, folder: Path) -> None:
        self.journal = folder / "journal"
        self.journal.touch()
        self.arguments = folder / "arguments"
        self.now = AT
        self._entries = 0

    def write(self, *messages: object, name: str = "postfix/qmgr", at: float = AT) -> None:
        with self.journal.open("a") as file:
            for message in messages:
                self._entries += 1
                entry = {"__CURSOR": f"c{self._entries}", "__REALTIME_TIMESTAMP": str(round(at * 1e6)), "_PID": "9",
                         "MESSAGE": message, "SYSLOG_IDENTIFIER": name, "SYSLOG_PID": "17", "_HOSTNAME": "mx1"}
                file.write(json.dumps(entry) + "\n")

    def clock(self) -> float:
        return self.now


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    program = tmp_path / "bin" / "journalctl"
    program.parent.mkdir()
    program.write_text(JOURNALCTL.format(folder=tmp_path))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return World(tmp_path)


@pytest.fixture
def journal(world: World) -> Iterator[Journal]:
    reader = Journal({}, world.clock)
    yield reader
    reader.close()


def some(reader: Journal, limit: int = 100) -> Stretch:
    """The next stretch that has lines."""
    read: list[Stretch] = []

    def look() -> bool:
        read[:] = [reader.read(limit)]
        return bool(read[0].lines)

    wait_until(look, "lines")
    return read[0]


def test_an_entry_is_a_line_as_syslog_writes_it_with_the_journals_own_time(world: World, journal: Journal) -> None:
    # Given an entry of the queue manager's
    world.write(f"{ID}: removed")
    # When it is read
    line = some(journal).lines[0]
    # Then the grammar understands it, and its time to the microsecond
    assert PostfixGrammar()(line, 0.0) == Removed(ID, AT, by_hand=False)
    assert line == f"2027-01-15T08:00:00.250000+00:00 mx1 postfix/qmgr[17]: {ID}: removed"


def test_another_reader_goes_on_after_the_place(world: World, journal: Journal) -> None:
    # Given three entries, of which two were read
    world.write("one", "two", "three")
    place = some(journal, limit=2).place
    # When another reader comes back to the place after them
    other = Journal(place, world.clock)
    rest = some(other)
    other.close()
    # Then it is given the third
    assert place == {"cursor": "c2"}
    assert [line.rpartition(" ")[2] for line in rest.lines] == ["three"]


def test_without_a_place_the_last_hour_of_mail_is_read(world: World, journal: Journal) -> None:
    world.write("one")
    some(journal)
    arguments = world.arguments.read_text().splitlines()
    assert {"--since=-1h", "--follow", "--no-tail", "SYSLOG_FACILITY=2"} <= set(arguments)


def test_the_past_is_not_complete_and_the_present_is(world: World, journal: Journal) -> None:
    # Given entries of a while ago
    world.now = AT + 60
    world.write("one", "two")
    # When they are read, the last of them as well
    first, second = some(journal, limit=1), some(journal, limit=100)
    # Then there may be more to come
    assert (first.complete, second.complete) == (False, False)
    # And when an entry is of now
    world.write("three", at=AT + 60)
    # Then nothing is
    assert some(journal).complete


def test_a_journal_that_has_nothing_to_tell_is_complete_after_a_moment(world: World, journal: Journal) -> None:
    assert not journal.read(10).complete
    world.now += 1
    assert journal.read(10).complete


def test_text_that_is_not_utf_8_survives_and_what_is_no_entry_is_left_out(world: World, journal: Journal) -> None:
    # Given a message in Latin-1, something that is no entry, and an entry without a message
    world.write(list(b"caf\xe9"))
    with world.journal.open("a") as file:
        file.write("-- Boot --\n{}\n")
    world.write(None, "end")
    # When they are read
    texts = [line.partition("]: ")[2] for line in some(journal).lines]
    # Then the bytes can be had back, and nothing else is disturbed
    assert texts[0].encode("utf-8", "surrogateescape") == b"caf\xe9"
    assert texts[1:] == ["", "end"]


def test_a_journalctl_that_ends_is_an_error_with_what_it_said(world: World) -> None:
    # Given a cursor of somewhere else
    reader = Journal({"cursor": "junk"}, world.clock)
    # When it is read
    # Then what journalctl says about it is told
    with pytest.raises(OSError, match="journalctl ended with 1: Failed to seek to cursor"):
        wait_until(lambda: reader.read(10).lines, "an error")


def test_the_newest_line_is_found_without_following(world: World) -> None:
    # Given a journal with nothing of mail in it
    command = world.journal.parent / "bin" / "journalctl"
    command.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >"$0.arguments"\ntail -n 1 "{world.journal}"\n')
    assert newest() == 0.0
    # When lines come, Then the last one's time is told, and nothing else was asked for
    world.write("first", at=AT - 60)
    world.write("last", at=AT)
    assert newest() == AT
    assert "--lines=1" in Path(f"{command}.arguments").read_text().splitlines()
    # And what it finds fault with is an error
    command.write_text("#!/bin/sh\necho No journal files were opened >&2\nexit 1\n")
    with pytest.raises(OSError, match="No journal files were opened"):
        newest()
