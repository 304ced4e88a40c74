"""A trace's lines: written and read back the same, and nothing believed that is none."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as effort

from lanes.simulate.trace import Row, Trace, TraceError, write
from tests.unit.simulate.scenes import BEGAN, ROWS

GOOD = b'{"at":1700000000.5,"domain":"a.example"}\n'
LATER = b'{"at":"2023-11-14T23:13:20Z","domain":"b.example","lane":"bulk"}\n'


def trace(folder: Path, content: bytes, name: str = "t.jsonl", *, skip_bad: bool = False) -> Trace:
    path = folder / name
    path.write_bytes(content)
    return Trace(path, skip_bad=skip_bad)


@pytest.mark.parametrize("name", ["t.jsonl", "t.jsonl.gz"])
@effort(deadline=None, max_examples=30)
@given(rows=ROWS)
def test_what_is_written_is_read_back_and_the_same_mail_is_the_same_file(
    tmp_path_factory: pytest.TempPathFactory, name: str, rows: list[Row]
) -> None:
    folder = tmp_path_factory.mktemp("trace")

    assert write(rows, folder / name) == write(rows, folder / f"again-{name}") == len(rows)

    assert list(Trace(folder / name)) == rows
    assert (folder / name).read_bytes() == (folder / f"again-{name}").read_bytes()


def test_instants_may_be_written_as_rfc_3339_and_empty_lines_are_none(tmp_path: Path) -> None:
    read = list(trace(tmp_path, GOOD + b"\n" + LATER))

    assert [(row.at, row.domain, row.lane) for row in read] == [
        (BEGAN + 0.5, "a.example", ""), (1700003600.0, "b.example", "bulk")
    ]  # fmt: skip


@pytest.mark.parametrize(("bad", "said"), [
    (b"GET / HTTP/1.1\n", "malformed"),
    (b"[1, 2]\n", "object"),
    (b'{"domain":"a.example"}\n', "at"),
    (b'{"at":1700000001}\n', "domain"),
    (b'{"at":1700000001,"domain":""}\n', "domain"),
    (b'{"at":1700000001,"domain":"a example"}\n', "domain"),
    (b'{"at":1700000001,"domain":"\\u0000"}\n', "domain"),
    (b'{"at":-5,"domain":"a.example"}\n', "at"),
    (b'{"at":1e300,"domain":"a.example"}\n', "at"),
    (b'{"at":NaN,"domain":"a.example"}\n', "malformed"),
    (b'{"at":"yesterday","domain":"a.example"}\n', "RFC 3339"),
    (b'{"at":"1066-10-14T09:00:00Z","domain":"a.example"}\n', "1970"),
    (b'{"at":1700000001,"domain":"a.example","lnae":"bulk"}\n', "lnae"),
    (b'{"at":1700000001,"domain":"a.example","seconds":-1}\n', "seconds"),
    (b'{"at":1700000001,"domain":"a.example","sla":0}\n', "sla"),
    (b'{"at":1700000001,"domain":"a.example","recipients":0}\n', "recipients"),
    (b'{"at":1700000001,"domain":"a.example","dsn":"ok"}\n', "dsn"),
    (b'{"at":1600000000,"domain":"a.example"}\n', "sort"),
    (b'{"at":1700000001,"domain":"' + b"x" * 70_000 + b'"}\n', "longer"),
    (b"\xff\xfe\n", "malformed"),
])  # fmt: skip
def test_a_bad_line_is_said_where_it_is_and_can_be_left_out(tmp_path: Path, bad: bytes, said: str) -> None:
    # Given a bad line between two good ones
    content = GOOD + bad + LATER

    # Then it is an error with its place and what is wrong
    with pytest.raises(TraceError, match=rf"t\.jsonl:2: .*{said}.*--skip-bad"):
        list(trace(tmp_path, content))

    # And it can be left out, and is counted
    reader = trace(tmp_path, content, skip_bad=True)
    assert [row.domain for row in reader] == ["a.example", "b.example"]
    assert reader.bad == 1


@pytest.mark.parametrize("content", [b"no gzip", gzip.compress(GOOD * 1000)[:-20]])
def test_a_file_that_cannot_be_unpacked_is_an_error_also_if_bad_lines_are_left_out(
    tmp_path: Path, content: bytes
) -> None:
    with pytest.raises(TraceError, match="cannot be read beyond line"):
        list(trace(tmp_path, content, "t.jsonl.gz", skip_bad=True))


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="no such file"):
        list(Trace(tmp_path / "missing.jsonl"))
