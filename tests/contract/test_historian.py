"""The historian, between a real Redis and a real database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from structlog.testing import capture_logs

from lanes.config import Settings
from lanes.config.load import parse
from lanes.history.database import migrate, open_database
from lanes.history.history import DAY, HOUR, MINUTE, History
from lanes.life import Result
from lanes.message import Record
from lanes.services.historian import Historian
from lanes.store.settling import Settlement
from lanes.store.store import Candidate, Store

NOW = 1_800_000_000.0 // DAY * DAY + 600
LANES = ("priority", "normal", "bulk")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return parse(f'data_dir = "{tmp_path}"')


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    opened = open_database(settings)
    migrate(opened)
    yield opened
    opened.dispose()


@pytest.fixture
def history(engine: Engine) -> History:
    return History(engine)


@pytest.fixture
def historian(settings: Settings, store: Store, history: History) -> Historian:
    return Historian(settings, store, lambda: history)


def deliver(store: Store, at: float, taken: float = 1.0, lane: str = "bulk") -> None:
    id = f"{lane}{at}"
    store.admit(id, [Candidate(Record(lane, at - taken, at + 3600, "example.com", 1, "", "a@b.c", "hello"))], at)
    store.settle([Settlement(id, Result.DELIVERED, at, taken)])


def work(historian: Historian, now: float) -> None:
    """Turns until there is nothing to do at once."""
    while not historian.turn(now):
        pass


def test_a_minute_is_written_when_the_tracker_has_read_beyond_it(
    store: Store, historian: Historian, history: History
) -> None:
    # Given a delivery, and a tracker that has read almost to the end of its minute
    deliver(store, NOW + 30)
    store.tracking.at_end(NOW + 60.9)
    work(historian, NOW + 70)
    nothing = history.read(0, NOW + DAY)
    # When it has read beyond
    store.tracking.at_end(NOW + 61)
    work(historian, NOW + 70)
    # Then there is a row of each lane, and of one a delivery
    assert nothing == []
    rows = history.read(0, NOW + DAY)
    assert {row.lane: row.period.messages for row in rows} == {"priority": 0, "normal": 0, "bulk": 1}
    assert {(row.at, row.seconds) for row in rows} == {(NOW, MINUTE)}
    # And Redis need not keep it for a week
    assert 0 < store.client.ttl(store.keys.histogram("bulk", int(NOW // MINUTE))) <= DAY


def test_what_a_tracker_tells_late_is_not_lost(store: Store, historian: Historian, history: History) -> None:
    # Given a tracker that was away for an hour while mail was delivered
    deliver(store, NOW + 30)
    store.tracking.at_end(NOW + 65)
    work(historian, NOW + 65)
    work(historian, NOW + HOUR)
    # When it is back, and tells of the time
    deliver(store, NOW + 1800)
    store.tracking.at_end(NOW + HOUR)
    work(historian, NOW + HOUR)
    # Then it is in its minute
    assert [row.at for row in history.read(0, NOW + DAY) if row.period.messages] == [NOW, NOW + 1800]
    assert len(history.read(0, NOW + DAY)) == 60 * len(LANES) - len(LANES)


def test_minutes_missed_while_it_was_down_are_caught_up_with(
    settings: Settings, store: Store, historian: Historian, history: History
) -> None:
    # Given a historian that stopped, and mail each hour for eight hours after that
    deliver(store, NOW + 30)
    store.tracking.at_end(NOW + 120)
    work(historian, NOW + 120)
    for hour in range(1, 8):
        deliver(store, NOW + hour * HOUR)
    store.tracking.at_end(NOW + 8 * HOUR)
    # When another is started
    work(Historian(settings, store, lambda: history), NOW + 8 * HOUR)
    # Then it has written all that Redis knows, minute by minute
    rows = history.read(0, NOW + DAY)
    assert sum(row.period.messages for row in rows) == 8
    assert history.end() == NOW + 8 * HOUR - MINUTE
    assert len(rows) == len(LANES) * (8 * 60 - 1)


def test_two_historians_write_each_row_once(settings: Settings, store: Store, history: History) -> None:
    one, other = (Historian(settings, store, lambda: history) for _ in range(2))
    for minute in range(5):
        deliver(store, NOW + 60 * minute)
        store.tracking.at_end(NOW + 60 * minute + 61)
        work(one, NOW + 60 * minute + 61)
        work(other, NOW + 60 * minute + 61)
    assert sum(row.period.messages for row in history.read(0, NOW + DAY)) == 5


def test_what_is_old_is_added_up_and_what_is_older_forgotten(
    store: Store, historian: Historian, history: History
) -> None:
    # Given a minute, and a history of three years
    deliver(store, NOW)
    store.tracking.at_end(NOW + 70)
    work(historian, NOW + 70)
    # When eight days have passed, four months, and three years
    spans = []
    for days in (8, 120, 3 * 365):
        historian.turn(NOW + days * DAY)
        spans.append({row.seconds for row in history.read(0, NOW + DAY) if row.period.messages})
    # Then it is in an hour, in a day, and gone
    assert spans == [{HOUR}, {DAY}, set()]


def test_a_database_that_fails_is_said_so_once_and_tried_again(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    # Given a database in a folder that is not there yet
    folder = tmp_path / "later"
    away = parse(f'history.url = "sqlite:///{folder}/history.db"')
    opened = open_database(away)

    def open_history() -> History:
        migrate(opened)
        return History(opened)

    historian = Historian(settings, store, open_history)
    deliver(store, NOW)
    store.tracking.at_end(NOW + 70)
    with capture_logs() as logs:
        # When it is tried three times
        waits = [historian.turn(NOW + 70 + number) for number in range(3)]
        # And is there at last
        folder.mkdir()
        work(historian, NOW + 80)
    # Then nothing is lost, and it was said twice: that it failed, and that it works
    opened.dispose()
    assert waits == [settings.history.every] * 3
    assert [line["event"] for line in logs if line["log_level"] in ("error", "info")] == [
        "the history cannot be written; it is tried again", "the history is written again",
    ]  # fmt: skip
    assert len(History(opened).read(0, NOW + DAY)) == len(LANES)
