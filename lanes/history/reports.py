"""How well lanes kept their word, read from the history.

Contract: finished minutes count, as the manager has written them. Failure:
:class:`sqlalchemy.exc.SQLAlchemyError`, also where nothing was ever written.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, closing

from lanes.config import Settings
from lanes.history.database import open_database
from lanes.history.history import History
from lanes.sla.objective import Outcomes
from lanes.sla.period import Period
from lanes.sla.report import Report, Stretch, report

#: Stretches of time that a report names, where most deadlines were missed.
_WORST = 5


def reports(settings: Settings, lanes: Sequence[str], since: float, now: float) -> list[Report]:
    """A report of each lane about what was delivered since an instant, and its error budget."""
    with _history(settings) as history:
        known, period = _stretches(history, lanes, since, now), history.outcomes(now - settings.sla.period, now)
    return [report(lane, settings.lanes[lane], known[lane], period.get(lane, Outcomes()), _WORST) for lane in lanes]


def course(settings: Settings, lanes: Sequence[str], since: float, now: float, points: int) -> dict[str, list[Stretch]]:
    """What each lane delivered since an instant, in about so many stretches of equal length; for plots.

    They are no finer than what is on record: a minute, and an hour or a day for what is older.
    """
    step = max((now - since) / points, 60.0)
    with _history(settings) as history:
        known = _stretches(history, lanes, since, now)
    return {lane: _merged(found, since, step) for lane, found in known.items()}


def _history(settings: Settings) -> AbstractContextManager[History]:
    return closing(History(open_database(settings, existing=True)))


def _stretches(history: History, lanes: Sequence[str], since: float, now: float) -> dict[str, list[Stretch]]:
    rows = history.read(since, now, lanes[0] if len(lanes) == 1 else None)
    return {lane: [Stretch(row.at, row.seconds, row.period) for row in rows if row.lane == lane] for lane in lanes}


def _merged(stretches: Sequence[Stretch], since: float, step: float) -> list[Stretch]:
    """Stretches put together, the oldest first."""
    parts: dict[int, list[Stretch]] = {}
    for one in stretches:
        parts.setdefault(int((one.at - since) // step), []).append(one)
    return [Stretch(group[0].at, group[-1].at + group[-1].seconds - group[0].at,
                    Period.merged(one.period for one in group)) for _, group in sorted(parts.items())]
