"""What a mail log tells of each message, whatever else is in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from lanes.cli import cli
from lanes.message import Record
from lanes.mta.postfix.grammar import PostfixGrammar
from lanes.simulate.trace import Row, Trace, write
from lanes.trace.collect import Collector
from lanes.trace.pseudonyms import Pseudonyms

NOW = 1_800_000_000.0
DAY = "2026-11-23T10:"
SLAS = {"priority": 300.0, "normal": 3600.0, "bulk": 86400.0}
ID = "4jYbcd0001z2Xk"


def log(*said: str) -> list[str]:
    """Lines of a log: ``MINUTE:SECOND DAEMON WHAT``, about one message."""
    parts = (one.split(" ", 2) for one in said)
    return [f"{DAY}{at}+00:00 mx postfix/{daemon}[7]: {what}" for at, daemon, what in parts]


def collected(lines: list[str], known: dict[str, Record] | None = None) -> list[Row]:
    collector = Collector(PostfixGrammar())
    for line in lines:
        collector.take(line, NOW)
    return list(collector.rows(known or {}, SLAS))


ONE = log(
    f"00:01.000 cleanup {ID}: message-id=<1@a.example>",
    f"00:01.000 cleanup {ID}: milter-header-info: header X-Lane: bulk from local; from=<a@b.example>",
    f"00:01.100 qmgr {ID}: from=<news@a.example>, size=1234, nrcpt=2 (queue active)",
    f"00:03.000 smtp {ID}: to=<x@one.example>, relay=mx[192.0.2.1]:25, delay=2, delays=0.1/0.4/0.5/1, dsn=4.7.1, "
    "status=deferred (host said: 451 4.7.1 Later)",
    f"10:01.100 qmgr {ID}: from=<news@a.example>, size=1234, nrcpt=2 (queue active)",
    f"10:03.000 smtp {ID}: to=<x@one.example>, relay=mx[192.0.2.1]:25, delay=602, delays=600/0.5/0.5/1, dsn=2.0.0, "
    "status=sent (250 ok)",
    f"10:03.000 smtp {ID}: to=<y@one.example>, relay=mx[192.0.2.1]:25, delay=602, delays=600/0.5/0.25/1, dsn=2.0.0, "
    "status=sent (250 ok)",
    f"10:03.000 qmgr {ID}: removed",
)


def test_a_message_is_told_from_its_acceptance_to_its_delivery() -> None:
    (row,) = collected(ONE)

    # 10:00:01 of the day, in Unix time
    assert row == Row(1795428001.0, "one.example", "bulk", "news@a.example", 2, 1234, None, 1.5, 1, "4.7.1", "sent")


def test_what_redis_knows_goes_before_what_the_log_says() -> None:
    record = Record("normal", 1795428000.25, 1795428120.25, "two.example", 3, "", "boss@a.example", "Hi")

    (row,) = collected(ONE, {ID: record})

    assert (row.at, row.lane, row.domain, row.sender, row.recipients) == (
        1795428000.25, "normal", "two.example", "boss@a.example", 3
    )  # fmt: skip
    # And a deadline is told where it is not the lane's own
    assert row.sla == 120
    (usual,) = collected(ONE, {ID: Record("bulk", 1.0, 86401.0, "two.example", 1, "", "", "")})
    assert usual.sla is None


def test_bounced_mail_and_mail_that_is_still_there_are_told_too() -> None:
    bounced = log(
        "00:01.000 qmgr 4jYbcd0002z2Xk: from=<>, size=10, nrcpt=1 (queue active)",
        "00:02.000 smtp 4jYbcd0002z2Xk: to=<x@one.example>, relay=mx[192.0.2.1]:25, delay=1, delays=0/0/0/1, "
        "dsn=5.1.1, status=bounced (no such user)",
        "00:03.000 smtp 4jYbcd0003z2Xk: to=<x@one.example>, relay=none, delay=1, delays=0/0/1/0, dsn=4.4.1, "
        "status=deferred (connection refused)",
        "00:04.000 qmgr 4jYbcd0004z2Xk: from=<a@b.example>, size=10, nrcpt=1 (queue active)",
    )
    rows = collected(bounced)

    assert [(row.sender, row.outcome, row.seconds, row.deferrals) for row in rows] == [
        ("", "bounced", None, 0), ("", "sent", None, 1)
    ]  # fmt: skip


def test_a_message_that_lives_on_under_a_new_id_is_one() -> None:
    moved = [*ONE[:4], *log(f"05:00.000 pickup 4jYbcd0009z2Xk: uid=0 from=<news@a.example> orig_id={ID}"),
             *(line.replace(ID, "4jYbcd0009z2Xk") for line in ONE[4:])]

    (row,) = collected(moved)

    assert (row.at, row.lane, row.deferrals) == (1795428001.0, "bulk", 1)


@effort(deadline=None, max_examples=200)
@given(st.lists(st.tuples(st.sampled_from(ONE), st.integers(0, 200), st.text(max_size=20)), max_size=12))
def test_whatever_a_log_holds_it_is_a_trace_that_can_be_read(
    tmp_path_factory: pytest.TempPathFactory, hostile: list[tuple[str, int, str]]
) -> None:
    # Given lines of a log into which somebody has written
    lines = [line[:at] + junk + line[at:] for line, at, junk in hostile]

    path = tmp_path_factory.mktemp("trace") / "t.jsonl"
    rows = collected(lines)
    assert write(rows, path) == len(list(Trace(path)))


def test_a_rotated_log_is_exported_by_time_and_under_pseudonyms(tmp_path: Path) -> None:
    # Given a log that was rotated in the middle of a message, and a site that has no lanes
    mail_log, key = tmp_path / "mail.log", tmp_path / "key"
    (tmp_path / "mail.log.1").write_text("\n".join(ONE[:4]) + "\n")
    mail_log.write_text("\n".join(ONE[4:]) + "\n")
    key.write_bytes(b"k" * 32)
    settings, out = tmp_path / "lanes.toml", tmp_path / "t.jsonl.gz"
    settings.write_text(f'mta.log = "{mail_log}"\n')

    def export(*more: str) -> list[Row]:
        command = ["--config", str(settings), "trace", "export", "--log-only", "--out", str(out), *more]
        assert CliRunner().invoke(cli, command, catch_exceptions=False).exit_code == 0
        return list(Trace(out))

    # Then the message is whole
    assert export() == collected(ONE)
    # And it is in the time that is asked for, or not
    assert export("--since", "2026-11-23T10:00:00Z", "--until", "2026-11-23T11:00:00Z") == collected(ONE)
    assert export("--since", "2026-11-23T10:00:02Z") == []
    # And its sender is nobody, but always the same with the same key
    (one,), (other,), (new,) = export("--key", str(key)), export("--key", str(key)), export("--pseudonyms")
    assert one.sender == other.sender != new.sender
    assert "news" not in one.sender
    assert one.sender.endswith(".invalid")


def test_senders_of_one_domain_still_are_and_bounces_stay_nobodys() -> None:
    names = Pseudonyms(b"k" * 32)

    assert names.of("a@x.example").partition("@")[2] == names.of("b@X.example").partition("@")[2]
    assert names.of("a@x.example") != names.of("b@x.example")
    assert names.of("") == ""


@pytest.mark.parametrize("arguments", [
    ["--log", "/nowhere/mail.log"], ["--key", "/nowhere/key"], ["--since", "whenever"],
])  # fmt: skip
def test_what_cannot_be_exported_is_said(tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "mail.log").write_text("")
    (tmp_path / "lanes.toml").write_text(f'mta.log = "{tmp_path / "mail.log"}"\n')

    command = ["--config", str(tmp_path / "lanes.toml"), "trace", "export", "--log-only", *arguments]
    told = CliRunner().invoke(cli, command)

    assert told.exit_code in (1, 2)
    assert "Error: " in told.stderr
