"""A log file that grows, is put aside, cut off, written anew, or not there."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lanes.mta.follow import Follower, Place


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "mail.log"


@pytest.fixture
def follower(log: Path) -> Iterator[Follower]:
    with Follower(log) as following:
        yield following


def write(path: Path, *lines: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)


def rotate(log: Path, name: str = "mail.log.1") -> Path:
    return log.rename(log.with_name(name))


def come_back(log: Path, place: Place | None) -> list[str]:
    """What a new process reads that was given the stored place."""
    with Follower(log, place) as following:
        return drain(following)


def drain(following: Follower) -> list[str]:
    lines: list[str] = []
    while more := following.read().lines:
        lines += more
    return lines


def test_lines_are_given_once_and_in_order(log: Path, follower: Follower) -> None:
    # Given a log that was read
    write(log, "one", "two")
    first = follower.read().lines
    # When it grows
    write(log, "three")
    # Then only what is new is given
    assert (first, follower.read().lines, follower.read().lines) == (["one", "two"], ["three"], [])


def test_a_batch_is_no_larger_than_asked_for_and_its_place_is_the_one_after_it(log: Path, follower: Follower) -> None:
    # Given more lines than are asked for
    write(log, "one", "two", "three")
    batch = follower.read(limit=2)
    # When another process comes back to the place after them
    rest = come_back(log, batch.place)
    # Then it reads the rest and nothing else
    assert (batch.lines, rest) == (["one", "two"], ["three"])


def test_fewer_lines_than_asked_for_mean_that_the_end_was_reached(log: Path, follower: Follower) -> None:
    # Given long lines, of which few fit into one reading of the file
    write(log, *("x" * 100_000 for _ in range(20)))
    # When twenty are asked for
    # Then twenty come
    assert len(follower.read(limit=20).lines) == 20


def test_a_half_written_line_is_given_when_it_is_whole(log: Path, follower: Follower) -> None:
    # Given a writer in the middle of a line
    log.write_text("one\ntw")
    first = follower.read()
    # When it ends the line
    with log.open("a") as file:
        file.write("o\n")
    # Then the line is given whole, also to a process that comes back
    assert first.lines == ["one"]
    assert come_back(log, first.place) == ["two"]
    assert follower.read().lines == ["two"]


def test_a_missing_file_is_nothing_to_read_yet(log: Path, follower: Follower) -> None:
    # Given no file
    nothing = follower.read()
    # When it appears
    write(log, "one")
    # Then it is read from its beginning
    assert (nothing.lines, nothing.place) == ([], None)
    assert follower.read().lines == ["one"]


def test_the_old_file_is_read_to_its_end_before_the_new_one(log: Path, follower: Follower) -> None:
    # Given a rotation, after which the writer stays at the old file for a while
    write(log, "one")
    follower.read()
    old = rotate(log)
    log.touch()
    write(old, "two")
    while_writer_is_at_the_old = follower.read().lines
    write(old, "three")
    # When it turns to the new file
    write(log, "four")
    # Then what it wrote to the old one comes first
    assert while_writer_is_at_the_old == ["two"]
    assert drain(follower) == ["three", "four"]


def test_what_a_late_writer_adds_to_the_old_file_is_given(log: Path, follower: Follower) -> None:
    # Given a reader that has gone on to the new file
    write(log, "one")
    follower.read()
    old = rotate(log)
    write(log, "two")
    before = drain(follower)
    # When another writer, late, adds to the old one, also after a while
    write(old, "three")
    write(log, "four")
    then = drain(follower)
    write(old, "five")
    # Then that is given, and every line once
    assert (before, then, drain(follower)) == (["two"], ["three", "four"], ["five"])


def test_fewer_lines_than_asked_for_mean_the_end_of_the_log_across_its_files(log: Path, follower: Follower) -> None:
    # Given a rotation after which both files have lines that were not read
    write(log, "one")
    follower.read(1)
    old = rotate(log)
    write(old, "two")
    write(log, "three", "four")
    # When fewer lines come than were asked for, Then there were no more, in whichever file
    assert follower.read(4).lines == ["two", "three", "four"]
    # And a late line in the old file does not keep back what is in the new one
    write(old, "late")
    write(log, "five")
    assert follower.read(3).lines == ["late", "five"]
    # And a batch that is full is no larger than asked for
    write(old, "later", "latest")
    write(log, "six")
    assert [follower.read(2).lines, follower.read(2).lines] == [["later", "latest"], ["six"]]


def test_an_old_file_that_is_removed_is_let_go_of(log: Path, follower: Follower) -> None:
    # Given a reader that has gone on to the new file
    write(log, "one")
    follower.read()
    old = rotate(log)
    write(log, "two")
    drain(follower)
    # When the old one is removed, as compression does
    old.unlink()
    follower.read()
    # Then it no longer takes up the disk
    held = [str(file.readlink()) for file in Path("/proc/self/fd").iterdir() if file.is_symlink()]
    assert str(log) in held
    assert not [name for name in held if name.startswith(str(old))]


@pytest.mark.parametrize("name", ["mail.log.1", "mail.log-20261124", "mail.log.20261124-031853"])
def test_a_rotation_while_away_loses_nothing(log: Path, follower: Follower, name: str) -> None:
    # Given a stored place
    write(log, "one", "two")
    place = follower.read(limit=1).place
    # When the log is put aside and a new one begun before the reader comes back
    rotate(log, name)
    write(log, "three")
    # Then the rest of the old file comes before the new one
    assert come_back(log, place) == ["two", "three"]


def test_several_rotations_while_away_lose_nothing(log: Path, follower: Follower) -> None:
    # Given a stored place, and two rotations since
    write(log, "one", "two")
    place = follower.read(limit=1).place
    os.utime(rotate(log, "mail.log.2"), (1000, 1000))
    write(log, "three")
    os.utime(rotate(log), (2000, 2000))
    write(log, "four")
    # And something else that has the log's name in its own
    write(log.with_name("mail.log.1.gz"), "compressed")
    write(log.with_name("mail.log.bak"), "a copy")
    # When the reader comes back
    # Then it reads all of them in order, and nothing else
    assert come_back(log, place) == ["two", "three", "four"]


def compress(log: Path) -> Path:
    """As gzip(1) does it: another inode, the same time stamp."""
    compressed = log.with_name(f"{log.name}.gz")
    with gzip.open(compressed, "wb") as file:
        file.write(log.read_bytes())
    os.utime(compressed, ns=(log.stat().st_atime_ns, log.stat().st_mtime_ns))
    log.unlink()
    return compressed


def test_what_was_compressed_while_away_is_read_where_the_reader_left_it(log: Path, follower: Follower) -> None:
    # Given a stored place, and three rotations since, of which two were compressed
    write(log, "one", "two", "three")
    place = follower.read(limit=1).place
    follower.close()
    os.utime(rotate(log, "mail.log.3"), (1000, 1000))
    compress(log.with_name("mail.log.3"))
    write(log, "four")
    os.utime(rotate(log, "mail.log.2"), (2000, 2000))
    compress(log.with_name("mail.log.2"))
    write(log, "five")
    os.utime(rotate(log), (3000, 3000))
    write(log, "six")
    # When the reader comes back, and back again in the middle of a compressed file
    with Follower(log, place) as following:
        batch = following.read(limit=1)
    # Then nothing is lost and nothing is given twice
    assert batch.lines == ["two"]
    assert come_back(log, batch.place) == ["three", "four", "five", "six"]


def test_a_file_that_is_being_compressed_is_read_as_it_was(log: Path, follower: Follower) -> None:
    # Given a stored place, and gzip(1) at work on what was put aside since
    write(log, "one", "two")
    place = follower.read(limit=1).place
    follower.close()
    old = rotate(log)
    with gzip.open(f"{old}.gz", "wb") as file:
        file.write(old.read_bytes())
    write(log, "three")
    # When the reader comes back
    # Then it reads the one and not the other
    assert come_back(log, place) == ["two", "three"]


def test_a_compressed_file_that_is_damaged_ends_where_it_breaks(log: Path, follower: Follower) -> None:
    # Given a stored place in a file of which the compressed copy was cut off
    write(log, "one", *(f"{number:08x}{number * 7919:08x}" for number in range(20_000)))
    place = follower.read(limit=1).place
    follower.close()
    compressed = compress(rotate(log))
    os.truncate(compressed, compressed.stat().st_size // 2)
    write(log, "after")
    # When the reader comes back
    lines = come_back(log, place)
    # Then it reads what there is, and goes on
    assert lines[0] == f"{0:08x}{0:08x}"
    assert 1000 < len(lines) < 20_000
    assert lines[-1] == "after"


def test_an_old_file_that_is_gone_does_not_keep_the_new_one_from_being_read(log: Path, follower: Follower) -> None:
    # Given a stored place in a file that was put aside and compressed
    write(log, "one", "two")
    place = follower.read(limit=1).place
    write(log.with_name("mail.log.new"), "three")
    log.unlink()
    log.with_name("mail.log.new").rename(log)
    # When the reader comes back
    # Then it goes on at the beginning of the present file
    assert come_back(log, place) == ["three"]


def test_half_a_line_at_the_end_of_an_old_file_is_no_line(log: Path, follower: Follower) -> None:
    # Given a writer that died in the middle of a line
    log.write_text("one\nhal")
    follower.read()
    # When the log is rotated and begun anew
    rotate(log)
    write(log, "two")
    # Then the half line is left out
    assert drain(follower) == ["two"]


def test_a_file_that_was_cut_off_is_read_from_its_beginning(log: Path, follower: Follower) -> None:
    # Given a log that was read, and then emptied in place (copytruncate)
    write(log, "one", "two")
    follower.read()
    os.truncate(log, 0)
    emptied = follower.read().lines
    # When it is written to again
    write(log, "three")
    # Then that is read
    assert (emptied, follower.read().lines) == ([], ["three"])


def test_a_file_that_was_cut_off_and_has_grown_past_the_place_is_known_to_be_another(
    log: Path, follower: Follower
) -> None:
    # Given a stored place in a short log
    write(log, "one")
    place = follower.read().place
    # When the same inode holds other and longer text by the time the reader comes back
    os.truncate(log, 0)
    write(log, "uno", "due", "tre")
    # Then it is read from its beginning, by the reader that stayed as well
    assert come_back(log, place) == ["uno", "due", "tre"]
    assert follower.read().lines == ["uno", "due", "tre"]


def test_bytes_that_are_not_utf_8_survive_as_surrogates(log: Path, follower: Follower) -> None:
    # Given a line in Latin-1
    log.write_bytes(b"caf\xe9\n")
    # When it is read
    line = follower.read().lines[0]
    # Then its bytes can be had back
    assert line.encode("utf-8", "surrogateescape") == b"caf\xe9"


def test_a_line_without_end_does_not_stop_the_reading(log: Path, follower: Follower) -> None:
    # Given a megabyte of zeros, as a crash leaves it, before the next line
    log.write_bytes(bytes(1 << 20) + b"\none\n")
    # When it is read
    lines = drain(follower)
    # Then it comes in pieces, and the next line after it
    assert lines[-1] == "one"
    assert len("".join(lines[:-1])) == 1 << 20


def test_a_log_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    # Given a folder where the log should be
    with Follower(tmp_path) as following, pytest.raises(OSError, match="directory"):
        # When it is read
        # Then it says so
        following.read()


Step = st.one_of(
    st.tuples(st.just("write"), st.binary(max_size=300)),
    st.tuples(st.just("rotate"), st.just(b"")),
    st.tuples(st.just("leave and come back"), st.just(b"")),
    st.tuples(st.just("read"), st.just(b"")),
)


@settings(deadline=None, max_examples=200)
@given(steps=st.lists(Step, max_size=30), limit=st.integers(1, 5))
def test_whatever_is_written_and_rotated_every_line_is_given_once(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, bytes]], limit: int
) -> None:
    # Given a reader that has a place, and any order of writing, rotating, reading and coming back
    log = tmp_path_factory.mktemp("log") / "mail.log"
    write(log, "begin")
    following = Follower(log)
    written, seen, rotations = b"begin\n", text(following.read().lines), 0
    for step, data in steps:
        if step == "write":
            with log.open("ab") as file:
                file.write(data + b"\n")
            written += data + b"\n"
        elif step == "rotate" and log.exists():
            rotations += 1
            os.utime(rotate(log, f"mail.log.{rotations}"), (rotations, rotations))
        elif step == "leave and come back":
            batch = following.read(limit)
            seen += text(batch.lines)
            following.close()
            following = Follower(log, batch.place)
        else:
            seen += text(following.read(limit).lines)
    # When all that is left is read
    with log.open("ab") as file:
        file.write(b"end\n")
    while lines := following.read(limit).lines:
        seen += text(lines)
    following.close()
    # Then what was given is what was written
    assert seen == written + b"end\n"


def text(lines: list[str]) -> bytes:
    return b"".join(line.encode("utf-8", "surrogateescape") + b"\n" for line in lines)
