"""What was delivered, by lane and minute; older, by hour; older still, by day (of UTC).

Contract: a row is written once: whoever comes second, also another process, changes nothing. Rolling up and
pruning may run twice at once. Rows of a lane never overlap.

Failure: :class:`sqlalchemy.exc.SQLAlchemyError`; of what a method writes, then nothing is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Engine, Select, and_, delete, func, insert, select

from lanes.config import Settings
from lanes.history.costs import CostHistory
from lanes.history.database import READING, migrate, open_database
from lanes.history.dialects import INSERT
from lanes.history.tables import metrics, periods
from lanes.sla.objective import Outcomes
from lanes.sla.period import Measure, Period

MINUTE, HOUR, DAY = 60, 3600, 86400

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(dict[str, int]).decode


class Row(NamedTuple):
    """What a lane delivered in a stretch of time."""

    lane: str
    at: float
    """When the stretch began."""
    seconds: int
    period: Period


def open_history(settings: Settings) -> History:
    """The configured history, its tables up to date. Raises what :mod:`lanes.history.database` does."""
    engine = open_database(settings)
    try:
        migrate(engine)
    except BaseException:
        engine.dispose()
        raise
    return History(engine)


class History:
    """The rows of one MTA."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.costs = CostHistory(engine)
        """What was spent."""

    def close(self) -> None:
        """Let go of the database; it is opened again when it is asked something."""
        self._engine.dispose()

    def end(self) -> float | None:
        """When the newest stretch ended; None if there is none."""
        newest = _rows().order_by(metrics.c.measured_at.desc()).limit(1)
        with self._engine.connect().execution_options(**{READING: True}) as connection:
            row = connection.execute(newest).first()
        return row.measured_at + row.seconds if row else None

    def write(self, rows: Iterable[Row]) -> int:
        """Keep rows that are not there yet, in one transaction; how many these were."""
        with self._engine.begin() as connection:
            return sum(_insert(connection, row) for row in rows)

    def read(self, since: float, until: float, lane: str | None = None) -> list[Row]:
        """Rows that began in ``[since, until)``, the oldest first; of a lane, or of all."""
        wanted = _rows().where(metrics.c.measured_at >= since, metrics.c.measured_at < until)
        if lane is not None:
            wanted = wanted.where(metrics.c.queue_type == lane)
        with self._engine.connect().execution_options(**{READING: True}) as connection:
            return _read(connection, wanted.order_by(metrics.c.measured_at, metrics.c.queue_type))

    def outcomes(self, since: float, until: float) -> dict[str, Outcomes]:
        """What of each lane was delivered, and what of it too late, in rows that began in ``[since, until)``."""
        totals = select(metrics.c.queue_type, func.sum(metrics.c.message_count), func.sum(metrics.c.sla_violations))
        wanted = totals.where(metrics.c.measured_at >= since, metrics.c.measured_at < until)
        with self._engine.connect().execution_options(**{READING: True}) as connection:
            found = connection.execute(wanted.group_by(metrics.c.queue_type)).all()
        return {lane: Outcomes(int(delivered), int(missed)) for lane, delivered, missed in found}

    def roll_up(self, seconds: int, into: int, before: float) -> bool:
        """Make one longer stretch of the oldest shorter ones that ended before an instant; whether there were any."""
        with self._engine.begin() as connection:
            oldest = connection.execute(
                _rows().where(periods.c.seconds == seconds).order_by(metrics.c.measured_at).limit(1)
            ).first()
            start = oldest.measured_at // into * into if oldest else before
            if start + into > before:
                return False
            rows = _take(connection, and_(periods.c.seconds == seconds, metrics.c.measured_at >= start,
                                          metrics.c.measured_at < start + into))
            for lane, parts in _by_lane(rows).items():
                _insert(connection, Row(lane, start, into, Period.merged(parts)))
            return True

    def prune(self, before: float) -> int:
        """Forget what began before an instant; how many rows."""
        with self._engine.begin() as connection:
            return len(_take(connection, metrics.c.measured_at < before))


def _rows() -> Select[Any]:
    return select(
        metrics.c.id, metrics.c.queue_type, metrics.c.measured_at, periods.c.seconds, periods.c.fields
    ).join_from(metrics, periods)


def _read(connection: Connection, wanted: Select[Any]) -> list[Row]:
    found = connection.execute(wanted)
    return [Row(row.queue_type, row.measured_at, row.seconds, Period(_unpack(row.fields))) for row in found]


def _take(connection: Connection, which: Any) -> list[Row]:
    """Rows that nobody else has taken, out of the tables."""
    found = connection.execute(_rows().where(which).with_for_update()).all()
    ids = [row.id for row in found]
    for chunk in (ids[start : start + 500] for start in range(0, len(ids), 500)):
        connection.execute(delete(periods).where(periods.c.metric_id.in_(chunk)))
        connection.execute(delete(metrics).where(metrics.c.id.in_(chunk)))
    return [Row(row.queue_type, row.measured_at, row.seconds, Period(_unpack(row.fields))) for row in found]


def _by_lane(rows: Sequence[Row]) -> dict[str, list[Period]]:
    lanes: defaultdict[str, list[Period]] = defaultdict(list)
    for row in rows:
        lanes[row.lane].append(row.period)
    return lanes


def _insert(connection: Connection, row: Row) -> bool:
    absent = INSERT[connection.dialect.name](metrics).on_conflict_do_nothing().returning(metrics.c.id)
    id = connection.execute(absent.values(**_columns(row))).scalar()
    if id is not None:
        fields = _pack(dict(row.period.fields))
        connection.execute(insert(periods).values(metric_id=id, seconds=row.seconds, fields=fields))
    return id is not None


def _columns(row: Row) -> dict[str, Any]:
    """The paper's columns."""
    period = row.period
    return {
        "queue_type": row.lane,
        "message_count": period.messages,
        "avg_queue_time_ms": _ms(period.mean),
        **{f"p{q}_queue_time_ms": _ms(period.percentile(Measure.QUEUE, q / 100)) for q in (50, 95, 99)},
        "sla_violations": period.missed,
        "measured_at": row.at,
    }


def _ms(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)
