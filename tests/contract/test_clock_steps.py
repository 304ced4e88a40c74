"""What a clock that is set forward or back does to held mail, claims, quotas and patience; on Valkey and on Redis."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from msgspec import structs
from structlog.testing import capture_logs

from contrib.sandbox.ports import free_port
from contrib.sandbox.postfix import PrivatePostfix
from lanes.config import Settings
from lanes.config.load import parse
from lanes.jobs.release import Release
from lanes.life import State
from lanes.message import Record
from lanes.mta import choose
from lanes.mta.follow import FileLog
from lanes.mta.postfix.grammar import PostfixGrammar
from lanes.services.alive import Beat
from lanes.services.failsafe import Failsafe
from lanes.services.manager import Manager
from lanes.services.reconcile import Reconcile
from lanes.services.steady import STEP, Steady, boot
from lanes.services.too_far import EVERY, TOLERANCE, TooFar
from lanes.services.tracker import Tracker
from lanes.store.store import Candidate, Store

NOW = 1_800_000_000.0
HOUR = 3600.0
SETTINGS = parse("""
[lanes.priority]
quota = { messages = 120, period = "1h", burst = 2 }
[lanes.bulk]
sla = "1h"
lead = "10m"
promote_at = "10m"
batch = { size = 100, max_wait = "55m", streams = 5 }
""")


@pytest.fixture
def settings() -> Settings:
    return SETTINGS


@pytest.fixture(scope="module")
def postfix() -> Iterator[PrivatePostfix]:
    with PrivatePostfix(free_port()) as running:
        yield running


def held(store: Store, id: str, accepted: float, deadline: float, domain: str = "example.com") -> None:
    record = Record("bulk", accepted, deadline, domain, 1, "", "a@b.c", "hello")
    assert store.admit(id, [Candidate(record)], accepted).action == "hold"


def in_state(store: Store, state: State) -> dict[str, float]:
    return scores(store, store.keys.state(state, "bulk"))


def scores(store: Store, key: str) -> dict[str, float]:
    found = cast("list[tuple[bytes, float]]", store.client.zrange(key, 0, -1, withscores=True))
    return {member.decode(): score for member, score in found}


def test_a_clock_set_back_does_not_set_the_managers_back(store: Store) -> None:
    steady = Steady(store, HOUR, "this boot")
    assert [steady(NOW, 50.0), steady(NOW + 1, 51.0)] == [NOW, NOW + 1]

    # When the clock is set back by ten minutes, the manager's goes on, and says so once
    with capture_logs() as said:
        assert [steady(NOW - 598, 52.0), steady(NOW - 597, 53.0)] == [NOW + 2, NOW + 3]
    assert [(one["log_level"], one["ahead"]) for one in said] == [("warning", 600.0)]

    # And set forward it is with the clock again, and by it once all that was accepted before is due
    assert steady(NOW + 9000, 54.0) == NOW + 9000
    assert steady(NOW + 8000, 55.0) == NOW + 9001
    assert steady(NOW + 8000 + HOUR, 55.0 + HOUR) == NOW + 8000 + HOUR


def test_a_clock_that_is_set_right_little_by_little_is_followed(store: Store) -> None:
    steady = Steady(store, HOUR, "this boot")
    for second in range(100):
        assert steady(NOW + second * 0.9, 50.0 + second) == pytest.approx(NOW + second * 0.9)


def test_a_step_is_noticed_by_the_next_manager_unless_the_machine_was_started_anew(store: Store) -> None:
    # Given a manager that ended, and a clock that was set back by ten minutes since
    assert boot() == boot()
    Steady(store, HOUR, boot())(NOW, 50.0)
    assert Steady(store, HOUR, boot())(NOW - 540, 110.0) == NOW + 60
    assert Steady(store, HOUR, "another boot")(NOW - 540, 110.0) == NOW - 540


@pytest.mark.parametrize(("kept", "expected"), [
    (b"1e300", NOW + HOUR), (b"-1e300", NOW), (b"inf", NOW), (b"nan", NOW), (b"\xff", NOW), (b"", NOW),
])
def test_whatever_is_in_redis_the_managers_clock_is_ahead_by_the_longest_sla_at_most(
        store: Store, kept: bytes, expected: float) -> None:
    store.client.hset(store.keys.clock, mapping={"boot": "this boot", "origin": kept})
    assert Steady(store, HOUR, "this boot")(NOW, 50.0) == pytest.approx(expected, abs=STEP)


def test_held_mail_and_claims_come_due_as_if_the_clock_had_not_been_set_back(store: Store) -> None:
    # Given a message on hold, and one that is claimed by a worker that is gone
    steady = Steady(store, HOUR, "this boot")
    claimed: list[str] = []
    manager = Manager(SETTINGS, store, claimed.extend, claimed.extend)
    held(store, "4Cwaiting0000z", NOW, NOW + HOUR)
    held(store, "4Cclaimed0000z", NOW, NOW + 1, "example.net")
    manager.tick(steady(NOW, 0.0))
    assert claimed == ["4Cclaimed0000z"]

    # When the clock is set back by half an hour: the claim ends with its lease, and the message is claimed again
    lease = SETTINGS.manager.lease
    manager.tick(steady(NOW - 1800 + lease, lease))
    assert claimed == ["4Cclaimed0000z", "4Cclaimed0000z"]

    # And the other leaves when its slack is down to the lane's lead, not half an hour later
    manager.tick(steady(NOW - 1800 + 2999, 2999.0))
    assert "4Cwaiting0000z" not in claimed
    manager.tick(steady(NOW - 1800 + 3000, 3000.0))
    assert "4Cwaiting0000z" in claimed


def test_a_deadline_that_is_further_away_than_can_be_is_brought_near(store: Store) -> None:
    # Given mail that was accepted by clocks that were ahead, by a little and by a day
    held(store, "4Cnear", NOW + TOLERANCE, NOW + TOLERANCE + HOUR)
    held(store, "4Cday", NOW + 86400, NOW + 86400 + HOUR)
    too_far = TooFar(SETTINGS, store)

    # When it is looked for
    assert too_far.turn(NOW) == 1

    # Then what cannot be is as if it came now, everywhere
    assert in_state(store, State.HELD) == {"4Cnear": NOW + TOLERANCE + HOUR, "4Cday": NOW + HOUR}
    record = store.records(["4Cday"])["4Cday"]
    assert (record.accepted, record.deadline) == (NOW, NOW + HOUR)
    assert scores(store, store.keys.batch("bulk", "example.com")) == {"4Cnear": NOW + TOLERANCE, "4Cday": NOW}

    # And there is nothing more to be done, and what has no record that can be read is no trouble
    store.client.zadd(store.keys.state(State.HELD, "bulk"), {b"\xff": NOW + 1e9, b"4Cnone": float("inf")})
    assert [too_far.turn(NOW + EVERY / 2), too_far.turn(NOW + EVERY)] == [0, 0]


def test_a_claim_by_a_clock_that_was_ahead_does_not_last(store: Store) -> None:
    # Given claims that nobody carries out, by a manager whose clock was a day ahead, and by one that was right
    lease = SETTINGS.manager.lease
    for id, clock in (("4Cday", NOW + 86400), ("4Cright", NOW)):
        held(store, id, NOW, NOW + 1)
        store.claim_all(store.waves_of([id], "order"), clock + lease)

    # When what is too far is looked for
    assert TooFar(SETTINGS, store).turn(NOW + TOLERANCE) == 1

    # Then both end within a lease
    assert in_state(store, State.RELEASING) == {"4Cday": NOW + TOLERANCE + lease, "4Cright": NOW + lease}
    assert sorted(store.expired_claims(NOW + TOLERANCE + lease)) == ["4Cday", "4Cright"]


def test_a_quota_that_was_used_by_a_clock_that_was_ahead_does_not_last(store: Store) -> None:
    # Given a sender that used up a quota of two, by a clock that was a day ahead
    record = Record("priority", NOW, NOW + 300, "example.com", 1, "", "a@b.c", "hello")
    below = structs.replace(record, lane="normal")
    way = [Candidate(record), Candidate(below, below)]
    for number in range(3):
        store.admit(f"4Cahead{number}", way, NOW + 86400)

    # When the clock is set right, then the quota is whole again, and is kept
    admitted = [store.admit(f"4Cright{number}", way, NOW).record for number in range(3)]
    assert [one.lane for one in admitted] == ["priority", "priority", "normal"]


def test_what_is_not_in_the_spool_is_not_waited_for_because_it_seems_to_come_from_the_future(
        store: Store, postfix: PrivatePostfix) -> None:
    # Given claims of mail that is not in the spool: one accepted just now, one by a clock that was an hour ahead
    settings = parse(postfix.settings)
    young, future = "4jYTDZ4h8gzJC7V", "4jYTDZ4h8hzJC7W"
    held(store, young, NOW, NOW + 1)
    held(store, future, NOW + HOUR, NOW + HOUR + 1)
    store.claim_all(store.waves_of([young, future], "order"), NOW + 30)

    # When they are to be released
    Release(store, choose.control(settings), settings, lambda: NOW + 1)([young, future])

    # Then the first may still come, and the other is gone
    assert in_state(store, State.HELD) == {young: NOW + 1}
    assert in_state(store, State.RELEASING) == {}


def test_the_tracker_is_not_waited_for_until_a_clock_that_was_set_back_is_where_it_was(
        store: Store, postfix: PrivatePostfix) -> None:
    # Given a message that is in the spool no more, of which the tracker has still to tell
    settings = parse(postfix.settings)
    held(store, "4jYTDZ4h8gzJC7V", NOW - HOUR, NOW)
    slept: list[float] = []

    # When Redis is compared with the spool, and the clock is set back an hour as soon as it waits
    compare = Reconcile(store, choose.control(settings), settings, lambda: NOW - HOUR * bool(slept), slept.append)
    report = compare()

    # Then it waits for some seconds, and leaves the message alone
    assert (report.ended, report.left) == (1, 1)
    assert 1 <= sum(slept) < 10


def test_a_line_of_the_log_from_the_future_is_of_now(store: Store, tmp_path: Path) -> None:
    # Given a log whose clock is a minute ahead of ours
    log = tmp_path / "mail.log"
    log.write_text("2027-01-15T08:01:00Z mx1 postfix/smtp[1]: 4jYTDZ4h8gzJC7V: to=<a@example.com>, relay=mx[192.0.2.1]"
                   ":25, delay=1, delays=0/0/0/1, dsn=4.0.0, status=deferred (451 later)\n", "utf-8")
    record = Record("normal", NOW, NOW + HOUR, "example.com", 1, "", "a@b.c", "hello")
    store.admit("4jYTDZ4h8gzJC7V", [Candidate(record)], NOW)
    tracker = Tracker(SETTINGS, store, PostfixGrammar(), lambda place: FileLog(log, place), lambda: NOW + 1)

    # When it is read, then what it tells was now
    tracker.step()
    tracker.close()
    assert scores(store, store.keys.state(State.DEFERRED, "normal")) == {"4jYTDZ4h8gzJC7V": NOW + 1}


@pytest.mark.parametrize("step", [HOUR, -HOUR])
def test_the_failsafe_takes_nobody_for_silent_because_the_clock_was_set(tmp_path: Path, step: float) -> None:
    # Given programs that work, and a failsafe that hears them
    settings = parse(f'data_dir = "{tmp_path}"')
    wall, monotonic = [NOW], [0.0]
    hearts = [Beat(settings, program) for program in ("manager", "worker")]
    failsafe = Failsafe(settings, choose.control(settings), lambda: wall[0], lambda _: None, 0.0,
                        lambda: monotonic[0])

    def passes(seconds: float) -> None:
        wall[0] += seconds
        monotonic[0] += seconds

    for heart in hearts:
        heart(wall[0])
    assert failsafe.silent() == []

    # When the clock is set, before anybody beats again
    wall[0] += step
    assert failsafe.silent() == []

    # Then those who do are heard, and those who do not are silent as soon as ever
    passes(settings.failsafe.after)
    hearts[0](wall[0])
    assert failsafe.silent() == []
    passes(1.0)
    assert failsafe.silent() == ["worker"]
