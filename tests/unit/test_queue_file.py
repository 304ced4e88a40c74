"""Queue files that Postfix would not write: whatever is in one, reading it ends, and with nothing worse than None."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lanes.mta.headers import Header
from lanes.mta.postfix.queue_file import QueueFile, read

#: Offset of the first record behind ``C``, whose six numbers have fifteen digits each.
ENVELOPE = 2 + 6 * 16 - 1
END = b"E\0"


def record(kind: bytes, data: bytes = b"") -> bytes:
    length, groups = len(data), b""
    while length > 0x7F:
        groups += bytes([length & 0x7F | 0x80])
        length >>= 7
    return kind + groups + bytes([length]) + data


def pointer(target: int) -> bytes:
    return record(b"p", b"%15d" % target)


def queue_file(content: bytes, behind: bytes = b"", envelope: bytes = b"") -> bytes:
    """A message with one recipient: envelope, content, nothing extracted, and what a milter put behind it."""
    first = record(b"T", b"1795493255 592172") + record(b"S", b"a@b.c") + record(b"R", b"r@b.c") + envelope
    first += record(b"M")
    sizes = b" ".join(b"%15d" % number for number in (len(content), ENVELOPE + len(first), 1, 0, 0, 0))
    return record(b"C", sizes) + first + content + record(b"X") + END + behind


def content_at(envelope: bytes = b"") -> int:
    return queue_file(b"", envelope=envelope).index(record(b"M")) + 2


@pytest.fixture(scope="module")
def path() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "4jYTDZ4h8gzJC7V")
        file.touch(0o700)
        yield file


def read_bytes(path: Path, data: bytes) -> QueueFile | None:
    path.write_bytes(data)
    return read(path)


LINES = record(b"N", b"From: a@b.c") + record(b"N", b"Subject: a") + record(b"N", b" b") + record(b"N")


def test_a_plain_one_is_read(path: Path) -> None:
    headers = (Header("From", "a@b.c"), Header("Subject", "a\n b"))
    assert read_bytes(path, queue_file(LINES)) == QueueFile(1795493255.592172, "a@b.c", ("r@b.c",), headers, kept=False)


def test_pointers_lead_past_what_was_removed_and_to_what_was_added(path: Path) -> None:
    # Given a content in which a forged header was replaced by a pointer, with an addition behind the end
    removed, last = record(b"N", b"X-Lane: forged, and long enough"), record(b"N", b"Subject: s")
    start = content_at()
    plan = start + len(removed)
    past = pointer(plan).ljust(len(removed), b" ")
    content = past + last + pointer(0) + record(b"N")
    behind_at = len(queue_file(content))
    content = content.replace(pointer(0), pointer(behind_at))
    back = plan + len(last) + len(pointer(0))
    # When it is read
    file = read_bytes(path, queue_file(content, record(b"N", b"X-Lane: bulk") + pointer(back)))
    # Then only what is left is there
    assert file is not None
    assert file.headers == (Header("Subject", "s"), Header("X-Lane", "bulk"))


HOSTILE = {
    "nothing": b"",
    "one byte": b"C",
    "a length without an end": b"C\xff\xff\xff\xff\xff",
    "a length beyond the file": queue_file(LINES)[:-2] + b"E\xff\x7f",
    "no sizes": record(b"C", b"") + record(b"T", b"1 1"),
    "sizes that are not numbers": record(b"C", b"x y") + END,
    "sizes that lead elsewhere": queue_file(LINES).replace(b"%15d" % len(LINES), b"%15d" % 7),
    "sizes of fourteen digits": queue_file(LINES).replace(b"%15d" % len(LINES), b" " + b"9" * 14),
    "no sender": queue_file(LINES).replace(b"S\5a@b.c", b"F\5a@b.c"),
    "no arrival": queue_file(LINES).replace(b"T\x11", b"F\x11"),
    "an arrival that is no time": queue_file(LINES).replace(b"1795493255", b"yesterday!"),
    "no end": queue_file(LINES)[:-2],
    "an end in the envelope": queue_file(LINES).replace(b"M\0", END),
    "a pointer to itself": queue_file(pointer(content_at()) + LINES),
    "two pointers to each other": queue_file(pointer(content_at() + 17) + pointer(content_at()) + LINES),
    "a circle of recipients": queue_file(LINES, envelope=record(b"R", b"r@b.c") * 9 + pointer(ENVELOPE)),
    "a circle of headers": queue_file(record(b"N", b"A: b") * 9 + pointer(content_at())),
    "a pointer beyond the end": queue_file(pointer(10**12) + LINES),
    "a pointer that is no number": queue_file(record(b"p", b"-5") + LINES),
    "a circle of long lines": queue_file(record(b"L", b"x" * 60000) + pointer(content_at())),
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_breaks_the_rules_is_no_queue_file(path: Path, data: bytes) -> None:
    assert read_bytes(path, data) is None


@settings(deadline=None, max_examples=300)
@given(data=st.binary(max_size=300) | st.binary(max_size=200).map(lambda data: queue_file(LINES) + data))
def test_no_bytes_whatever_make_it_fail(path: Path, data: bytes) -> None:
    file = read_bytes(path, data)
    assert file is None or file.sender == "a@b.c"


@settings(deadline=None, max_examples=500)
@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=8), st.integers(0, 400))
@example([], 399)
def test_no_damage_to_a_file_makes_it_fail(path: Path, changes: list[tuple[int, int]], length: int) -> None:
    # Given a queue file with pointers, some of whose bytes are others, and whose end may be missing
    whole = bytearray(queue_file(LINES + pointer(0), record(b"N", b"X-Lane: bulk") + pointer(content_at())))
    for place, byte in changes:
        whole[place % len(whole)] = byte
    # Then it is read or not, and that is all
    file = read_bytes(path, bytes(whole[: max(length, 1)]))
    assert file is None or isinstance(file.arrived, float)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.binary(max_size=5000).filter(lambda line: b"\n" not in line), max_size=5))
def test_headers_of_any_bytes_and_length_are_read_back(path: Path, values: list[bytes]) -> None:
    # Given headers that begin in one window of the file and end in another
    content = b"".join(record(b"N", b"X-%d:" % number + value) for number, value in enumerate(values)) + record(b"N")
    file = read_bytes(path, queue_file(content))
    # Then each is what it was
    assert file is not None
    told = [(name, value.encode("utf-8", "surrogateescape")) for name, value in file.headers]
    assert told == [(f"X-{number}", value.strip()) for number, value in enumerate(values)]
