"""The history in SQL: on SQLite, and on Debian's PostgreSQL."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, inspect, select, text
from sqlalchemy.exc import OperationalError

from lanes.config import ConfigError
from lanes.config.load import parse
from lanes.history.database import migrate, open_database
from lanes.history.history import DAY, HOUR, MINUTE, History, Row
from lanes.history.tables import metadata, metrics
from lanes.sla.objective import Outcomes
from lanes.sla.period import Delivery, Measure, Period
from tests.contract.databases import database

MIDNIGHT = 1_800_000_000.0 // DAY * DAY


@pytest.fixture
def history(engine: Engine) -> History:
    return History(engine)


def period(*taken: float, missed: int = 0) -> Period:
    """Deliveries after so many seconds, the first so many of which missed their deadline."""
    return Period.merged(Period.of(Delivery(queue, number >= missed)) for number, queue in enumerate(taken))


def row(at: float, *taken: float, lane: str = "bulk", seconds: int = MINUTE, missed: int = 0) -> Row:
    return Row(lane, at, seconds, period(*taken, missed=missed))


def test_the_table_has_the_papers_columns_and_no_others(engine: Engine) -> None:
    assert [column["name"] for column in inspect(engine).get_columns("queue_sla_metrics")] == [
        "id", "queue_type", "message_count", "avg_queue_time_ms", "p50_queue_time_ms", "p95_queue_time_ms",
        "p99_queue_time_ms", "sla_violations", "measured_at",
    ]  # fmt: skip


def test_the_migrations_lead_to_the_tables_as_they_are_declared(engine: Engine) -> None:
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        connection.rollback()


def test_a_database_is_brought_up_to_date_once_also_by_two_at_once(url: str) -> None:
    # Given an empty database, and four that want it up to date
    engines = [database(url) for _ in range(4)]
    failures: list[BaseException] = []

    def attempt(engine: Engine) -> None:
        try:
            migrate(engine)
        except BaseException as error:  # noqa: BLE001 - shown below, whatever it is
            failures.append(error)

    threads = [threading.Thread(target=attempt, args=(engine,)) for engine in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Then it is, and nobody failed
    assert failures == []
    assert History(engines[0]).end() is None
    for engine in engines:
        engine.dispose()


def test_a_row_says_in_the_papers_terms_what_was_delivered(engine: Engine, history: History) -> None:
    # Given a minute in which one of a hundred messages came too late
    history.write([row(MIDNIGHT, 60, *[1] * 50, *[2] * 49, lane="priority", missed=1)])
    # When its row is read by anybody who knows SQL
    with engine.connect() as connection:
        stored = connection.execute(select(metrics)).one()
    # Then it is there in milliseconds
    assert (stored.queue_type, stored.message_count, stored.sla_violations) == ("priority", 100, 1)
    assert stored.avg_queue_time_ms == round((60 + 50 + 98) * 1000 / 100)
    assert stored.p50_queue_time_ms == pytest.approx(1000, rel=0.02)
    assert stored.p95_queue_time_ms == pytest.approx(2000, rel=0.02)
    assert stored.p99_queue_time_ms == pytest.approx(2000, rel=0.02)
    assert stored.measured_at == MIDNIGHT


def test_an_idle_minute_has_a_row_without_times(engine: Engine, history: History) -> None:
    history.write([row(MIDNIGHT)])
    with engine.connect() as connection:
        stored = connection.execute(select(metrics)).one()
    assert (stored.message_count, stored.sla_violations) == (0, 0)
    assert (stored.avg_queue_time_ms, stored.p99_queue_time_ms) == (None, None)


def test_what_was_written_is_read_back_whole_by_lane_and_time(history: History) -> None:
    rows = [row(MIDNIGHT + 60 * number, 1.0, 5.0, lane=lane) for number in range(5) for lane in ("bulk", "normal")]
    assert history.write(rows) == 10
    read = history.read(MIDNIGHT + 60, MIDNIGHT + 180, "normal")
    assert [(one.lane, one.at, one.seconds, one.period.fields) for one in read] == [
        ("normal", MIDNIGHT + at, 60, period(1.0, 5.0).fields) for at in (60, 120)
    ]
    assert len(history.read(MIDNIGHT, MIDNIGHT + 300)) == 10
    assert history.end() == MIDNIGHT + 300


def test_what_was_in_time_is_added_up_by_lane(history: History) -> None:
    history.write(row(MIDNIGHT + 60 * number, 1.0, 5.0, lane=lane, missed=number % 2)
                  for number in range(5) for lane in ("bulk", "normal"))
    assert history.outcomes(MIDNIGHT + 60, MIDNIGHT + 240) == {"bulk": Outcomes(6, 2), "normal": Outcomes(6, 2)}
    assert history.outcomes(MIDNIGHT + 600, MIDNIGHT + 900) == {}


def test_a_minute_is_written_once_whoever_comes_second(url: str, history: History) -> None:
    # Given two managers that write the same minutes at the same time
    engines = [database(url) for _ in range(2)]
    minutes = [MIDNIGHT + 60 * number for number in range(50)]
    written = [0, 0]

    def write(number: int) -> None:
        for at in minutes:
            written[number] += History(engines[number]).write([row(at, 1.0), row(at, 2.0, lane="normal")])

    threads = [threading.Thread(target=write, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for engine in engines:
        engine.dispose()
    # Then each row is there once
    assert sum(written) == 100
    assert len(history.read(MIDNIGHT, MIDNIGHT + HOUR)) == 100


def test_what_is_old_is_added_up_without_a_loss(history: History) -> None:
    # Given two hours of minutes, of two lanes
    for number in range(120):
        history.write([row(MIDNIGHT + 60 * number, 1.0 + number, lane=lane, missed=number % 2)
                       for lane in ("bulk", "normal")])
    # When the first hour is old
    assert history.roll_up(MINUTE, HOUR, MIDNIGHT + HOUR + 1800)
    assert not history.roll_up(MINUTE, HOUR, MIDNIGHT + HOUR + 1800)
    # Then it is a row of each lane, with all that its minutes knew
    first, second, *rest = history.read(MIDNIGHT, MIDNIGHT + DAY)
    assert [(one.lane, one.at, one.seconds) for one in (first, second)] == [
        ("bulk", MIDNIGHT, HOUR), ("normal", MIDNIGHT, HOUR)
    ]  # fmt: skip
    assert (first.period.messages, first.period.missed) == (60, 30)
    assert first.period.percentile(Measure.QUEUE, 0.5) == pytest.approx(30, rel=0.02)
    assert len(rest) == 120
    # And when all is, a day
    while history.roll_up(MINUTE, HOUR, MIDNIGHT + DAY):
        pass
    while history.roll_up(HOUR, DAY, MIDNIGHT + DAY):
        pass
    assert [(one.lane, one.seconds, one.period.messages) for one in history.read(MIDNIGHT, MIDNIGHT + DAY)] == [
        ("bulk", DAY, 120), ("normal", DAY, 120)
    ]  # fmt: skip


def test_two_that_add_up_at_once_add_up_once(url: str, history: History) -> None:
    # Given ten hours of a lane, and two managers that find them old
    history.write(row(MIDNIGHT + 60 * number, 1.0) for number in range(600))
    engines = [database(url) for _ in range(2)]

    def roll_up(engine: Engine) -> None:
        while History(engine).roll_up(MINUTE, HOUR, MIDNIGHT + DAY):
            pass

    threads = [threading.Thread(target=roll_up, args=(engine,)) for engine in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for engine in engines:
        engine.dispose()
    # Then each message counts once
    assert [(one.seconds, one.period.messages) for one in history.read(MIDNIGHT, MIDNIGHT + DAY)] == [(HOUR, 60)] * 10


def test_what_is_older_than_anybody_wants_to_know_is_forgotten(engine: Engine, history: History) -> None:
    history.write(row(MIDNIGHT + 60 * number, 1.0) for number in range(10))
    assert history.prune(MIDNIGHT + 240) == 4
    assert [one.at for one in history.read(0, MIDNIGHT + DAY)] == [MIDNIGHT + 60 * number for number in range(4, 10)]
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM queue_sla_periods")).scalar() == 6


def test_who_only_looks_makes_no_database(tmp_path: Path) -> None:
    # Given a site whose manager has written nothing yet
    engine = open_database(parse(f'data_dir = "{tmp_path}"'), existing=True)
    # When somebody looks
    # Then it is said so, and nothing is left behind that belongs to him
    with pytest.raises(OperationalError, match="unable to open database file"):
        History(engine).end()
    assert list(tmp_path.iterdir()) == []


def test_who_only_looks_sees_what_there_is(tmp_path: Path) -> None:
    folder = tmp_path / "a folder? 100%"
    folder.mkdir()
    settings = parse(f'data_dir = "{folder}"')
    written, read = open_database(settings), open_database(settings, existing=True)
    migrate(written)
    History(written).write([row(MIDNIGHT, 1.0)])
    assert History(read).end() == MIDNIGHT + 60
    for engine in (written, read):
        engine.dispose()


@pytest.mark.parametrize("bad", ["mysql://localhost/lanes", "history.db", "postgresql+nosuch://localhost/lanes"])
def test_a_url_that_cannot_be_used_is_an_error_of_the_settings(bad: str) -> None:
    with pytest.raises(ConfigError, match=r"history\.url"):
        database(bad)
