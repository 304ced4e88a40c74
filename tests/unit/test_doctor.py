"""What the doctor makes of what was seen, without a site: what the tests with a real one do not break."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from lanes.config.load import parse
from lanes.doctor.checks.table import CHECKS
from lanes.doctor.examine import examine
from lanes.doctor.facts import (
    Door,
    Facts,
    Folder,
    HeldSeen,
    HistorySeen,
    LogSeen,
    MtaSeen,
    PlaceSeen,
    ProgramsSeen,
    RedisReached,
    RedisSeen,
    SendmailSeen,
    SocketSeen,
    SpoolSeen,
    Unknown,
)
from lanes.setup.plan import Change, Kind
from lanes.sla.rules import PROGRAMS, ProgramSeen

NOW = 1_000_000.0
GB = 10**9
WELL = Facts(
    settings=parse(""), now=NOW, command="lanes",
    mta=MtaSeen((), (), "reload", "start", running=True, log="", free=GB),
    socket=SocketSeen("/run/s", there=True, mode=0o660, group="postfix", closed="", unsafe="",
                      doors=(Door("postfix", "s", ""),)),
    sendmail=SendmailSeen((8, 17, 1), milters=True, folders=(Folder("/q", there=True, open=False, known=True),)),
    reached=RedisReached("", "redis-cli"),
    redis=RedisSeen((7, 0), append_only=True, writes_well=True, eviction="noeviction", used=1, limit=GB, ahead=0.0,
                    cli="redis-cli"),
    programs=ProgramsSeen(tuple(ProgramSeen(name, NOW - 1, NOW) for name in PROGRAMS),
                          {"manager": 1.0, "worker": 1.0, "failsafe": 15.0}, {77: 0}, ()),
    log=LogSeen("/var/log/mail.log", "", "mta-lanes", "adm", NOW - 5, NOW - 5, lines=1000, unparsed=1, until=NOW - 1,
                accepted=NOW - 5),
    held=HeldSeen({}, (), ()),
    spool=SpoolSeen((), 0),
    place=PlaceSeen(there=True, owner=100, mode=0o755, free=GB, filter_user=100),
    history=HistorySeen(""),
)  # fmt: skip


def checks(facts: Facts) -> list[str]:
    return [finding.check for finding in examine(facts).findings]


def seen(part: str, **differs: Any) -> Facts:
    """A site that is well, but for that."""
    return WELL._replace(**{part: getattr(WELL, part)._replace(**differs)})


def test_a_site_that_is_well() -> None:
    report = examine(WELL)
    assert (report.findings, report.unchecked, report.fine) == ([], [], len(CHECKS))
    assert report.well


@pytest.mark.parametrize(("facts", "check"), [
    (seen("redis", version=(6, 0, 16)), "redis-version"),
    (seen("redis", writes_well=False), "redis-write"),
    (seen("redis", used=9 * GB // 10), "redis-memory"),
    (seen("redis", ahead=-3.0), "redis-clock"),
    (seen("reached", error="refused"), "redis"),
    (seen("programs", worker_users={77: 1000}), "worker-privilege"),
    (seen("programs", beats={"manager": 1.0, "worker": 300.0, "failsafe": 1.0}), "heartbeat"),
    (seen("programs", beats={"manager": 1.0, "worker": 1.0, "failsafe": None}), "failsafe"),
    (seen("log", accepted=NOW, written=NOW - 600, last_stamp=NOW - 600), "log"),
    (seen("log", error="No such file", written=0.0, last_stamp=None), "log"),
    (seen("log", unparsed=500), "log-unparsed"),
    (seen("log", last_stamp=NOW - 3605), "log-clock"),
    (seen("log", until=NOW - 300), "tracker-lag"),
    (seen("mta", log="/var/log/postfix.log"), "log"),
    (seen("mta", free=1000), "spool-space"),
    (seen("mta", running=False), "mta"),
    (seen("socket", unsafe="/run"), "socket"),
    (seen("sendmail", version=(8, 14, 9)), "sendmail-version"),
    (seen("sendmail", milters=False), "sendmail-version"),
    (seen("sendmail", folders=(Folder("/q", there=False, open=False, known=False),)), "queue"),
    (seen("sendmail", folders=(Folder("/q*", there=False, open=False, known=False),)), "queue"),
    (seen("sendmail", folders=(Folder("/q", there=True, open=True, known=True),)), "queue"),
    (seen("sendmail", folders=(Folder("/q", there=True, open=False, known=False),)), "queue"),
    (seen("log", path="journald", error="No such device"), "log"),
    (seen("log", path="journald", written=0.0, last_stamp=None), "log"),
    (seen("held", claims=("A",)), "lease"),
    (seen("held", overdue={"bulk": ["A", "B"]}), "held-overdue"),
    (seen("spool", unknown=("A",)), "held-unknown"),
    (seen("spool", misplaced=3), "misplaced"),
    (seen("place", there=False), "data-dir"),
    (seen("place", filter_user=101), "data-dir"),
    (seen("place", free=1000), "data-dir-space"),
    (seen("history", error="no such table"), "history"),
])  # fmt: skip
def test_one_thing_is_found_as_one_thing(facts: Facts, check: str) -> None:
    report = examine(facts)
    assert [finding.check for finding in report.findings] == [check]
    assert not report.well
    # And it is said what to do
    assert report.findings[0].mend or report.findings[0].by_hand


@pytest.mark.parametrize("facts", [
    seen("redis", limit=0, used=GB), seen("redis", ahead=1.9),
    seen("place", filter_user=0), seen("place", filter_user=None),
    seen("log", lines=50, unparsed=50), seen("log", until=0.0, lines=0, unparsed=0, last_stamp=None),
    seen("log", accepted=0.0),
])  # fmt: skip
def test_what_tells_nothing_is_not_judged(facts: Facts) -> None:
    assert checks(facts) == []


def test_a_tracker_that_is_silent_is_told_of_once() -> None:
    # Given a tracker that stopped, so that it has not read on either
    told = tuple(ProgramSeen(name, NOW - (300 if name == "tracker" else 1), NOW) for name in PROGRAMS)
    facts = seen("programs", told=told)._replace(log=seen("log", until=NOW - 300).log)
    assert checks(facts) == ["tracker"]


def test_a_program_that_is_silent_is_told_of_once_though_its_heart_stands_still() -> None:
    told = tuple(ProgramSeen(name, NOW - (300 if name == "worker" else 1), NOW) for name in PROGRAMS)
    assert checks(seen("programs", told=told, beats={"manager": 1.0, "worker": 300.0, "failsafe": 1.0})) == ["worker"]


@pytest.mark.parametrize(("differs", "mend"), [
    ({"there": False}, "systemctl restart lanes-milter"),
    ({"mode": 0o600}, "chgrp postfix /run/s && chmod 660 /run/s"),
    ({"group": "root"}, "chgrp postfix /run/s && chmod 660 /run/s"),
    ({"closed": "/run"}, "chmod a+x /run"),
    ({}, "systemctl restart lanes-milter"),
])  # fmt: skip
def test_a_socket_is_mended_by_what_is_the_matter_with_it(differs: dict[str, Any], mend: str) -> None:
    door = Door("postfix in a chroot", "unix:s", "Permission denied")
    assert [finding.mend for finding in examine(seen("socket", doors=(door,), **differs)).findings] == [mend]


def test_what_setup_misses_is_said_with_its_reason_and_one_command() -> None:
    # Given a transport that is missing, with its limit, and short ids
    main, master = Path("/etc/postfix/main.cf"), Path("/etc/postfix/master.cf")
    missing = (
        Change(Kind.SERVICE, master, "economy/unix", "", "economy unix ...", "a road"),
        Change(Kind.PARAMETER, main, "economy_destination_concurrency_limit", "", "20", "a limit"),
        Change(Kind.PARAMETER, main, "enable_long_queue_ids", "no", "yes", "used again"),
    )
    # Then there are two findings, and the same command mends both
    findings = examine(seen("mta", missing=missing)).findings
    assert [(one.check, one.why, one.mend) for one in findings] == [
        ("economy/unix", "a road", "lanes setup postfix --apply && reload"),
        ("enable_long_queue_ids", "used again", "lanes setup postfix --apply && reload"),
    ]


def test_what_is_built_from_a_file_says_what_is_wrong_with_it_and_the_file_only_if_nothing_else_does() -> None:
    source = Change(Kind.SOURCE, Path("/etc/mail/sendmail.mc"), "", "old", "new", "is built from it")
    built = Change(Kind.PARAMETER, Path("/etc/mail/sendmail.cf"), "LogLevel", "9", "10", "tells the end")
    assert checks(seen("mta", missing=(source, built))) == ["LogLevel"]
    assert checks(seen("mta", missing=(source,))) == ["sendmail.mc"]


def test_on_sendmail_a_worker_is_not_to_be_shut_in() -> None:
    # Given a worker as the unit for Postfix has it
    shut_in = seen("programs", shut_in={77})
    assert checks(shut_in) == []
    # When the MTA is a Sendmail, whose deliveries are its children, Then that is found
    mta = structs.replace(WELL.settings.mta, kind="sendmail")
    assert checks(shut_in._replace(settings=structs.replace(WELL.settings, mta=mta))) == ["worker-privilege"]


def test_a_part_that_a_site_has_not_is_neither_well_nor_looked_at_in_vain() -> None:
    report = examine(WELL._replace(sendmail=None))
    assert report.unchecked == []
    assert report.fine == sum(check.part != "sendmail" for check in CHECKS)


def test_what_could_not_be_looked_at_is_neither_well_nor_wrong() -> None:
    report = examine(WELL._replace(spool=Unknown("needs root")))
    assert {one.why for one in report.unchecked} == {"needs root"}
    assert report.well
    assert report.fine + len(report.unchecked) == len(CHECKS)


def test_hints_come_last_and_are_not_wrong() -> None:
    facts = seen("mta", notes=("always_bcc is set",))._replace(spool=seen("spool", misplaced=1).spool)
    assert checks(facts) == ["misplaced", "notes"]
    assert examine(seen("mta", notes=("always_bcc is set",))).well


def test_an_open_api_is_a_hint() -> None:
    web = structs.replace(WELL.settings.web, listen="192.0.2.1:8025")
    facts = WELL._replace(settings=structs.replace(WELL.settings, web=web))
    assert checks(facts) == ["api"]
    assert examine(facts).well


def test_every_check_and_finding_is_documented() -> None:
    # Given the names that findings have in the checks' own source
    folder = Path(__file__).parents[2] / "lanes" / "doctor" / "checks"
    source = "".join(path.read_text() for path in folder.glob("*.py"))
    names = set(re.findall(r'Finding\(\s*"([a-z-]+)"', source))
    assert len(names) > 20
    # Then each is in the documentation
    text = (Path(__file__).parents[2] / "docs" / "doctor.md").read_text()
    assert {name for name in names if f"`{name}`" not in text} == set()
