"""At which hour of the day a domain takes mail well, for mail that can wait for it.

Contract: a frozen value and pure functions. Hours are of the day in UTC. An hour of which little is
known is taken to be like the domain's average day, and only a clear difference makes mail wait, so a
domain that is always good or always bad never does; nor does mail wait past the instant it is given.
What is known fades from day to day, so an hour that mail avoids is tried again after a week or two.
"""

from __future__ import annotations

from typing import NamedTuple

_HOUR = 3600.0
_HOURS = 24
_DAY = _HOURS * _HOUR
#: What a day leaves of what was known before.
_FADED = 0.75
#: So many attempts at the average rate are mixed into each hour's own.
_PRIOR = 20.0
#: An hour is better if it defers at most this part of what the present one does ...
_BETTER = 0.5
#: ... and worth the wait if the present one defers at least so much.
_WORTH = 0.1


class Hours(NamedTuple):
    """Attempts and deferrals by hour of the day; those of long ago count less."""

    tried: tuple[float, ...] = (0.0,) * _HOURS
    deferred: tuple[float, ...] = (0.0,) * _HOURS
    day: int = 0
    """Days since 1970 up to which what was known has faded."""

    def rate(self, hour: int) -> float:
        """The part of the attempts in an hour of the day that is deferred, as far as is known."""
        average = (sum(self.deferred) + 1) / (sum(self.tried) + _HOURS)
        return (self.deferred[hour] + _PRIOR * average) / (self.tried[hour] + _PRIOR)


def step(hours: Hours, at: float, deferred: bool) -> Hours:
    """What is known after an attempt that ended at ``at``, in Unix time."""
    hour, day = _hour(at), int(at // _DAY)
    if day > hours.day:
        hours = _faded(hours, day)
    return hours._replace(
        tried=_changed(hours.tried, hour, hours.tried[hour] + 1),
        deferred=_changed(hours.deferred, hour, hours.deferred[hour] + deferred),
    )


def good(hours: Hours) -> tuple[int, ...]:
    """The hours at which a domain defers clearly less than at its worst; all, if there is no such difference."""
    rates = [hours.rate(hour) for hour in range(_HOURS)]
    worst = max(rates)
    chosen = tuple(hour for hour, rate in enumerate(rates) if worst < _WORTH or rate <= _BETTER * worst)
    return chosen or tuple(range(_HOURS))


def good_from(hours: Hours, now: float, latest: float) -> float:
    """When to send: the start of a clearly better hour that begins before ``latest``, the best such;
    or ``now``."""
    here = hours.rate(_hour(now))
    if here < _WORTH:
        return now
    starts = [(now // _HOUR + ahead) * _HOUR for ahead in range(1, _HOURS)]
    reachable = [start for start in starts if start < latest]
    best = min(reachable, key=lambda start: hours.rate(_hour(start)), default=now)
    return best if hours.rate(_hour(best)) <= _BETTER * here else now


def _faded(hours: Hours, day: int) -> Hours:
    left = _FADED ** (day - hours.day)
    return Hours(tuple(one * left for one in hours.tried), tuple(one * left for one in hours.deferred), day)


def _hour(at: float) -> int:
    return int(at // _HOUR) % _HOURS


def _changed(values: tuple[float, ...], index: int, value: float) -> tuple[float, ...]:
    return (*values[:index], value, *values[index + 1 :])
