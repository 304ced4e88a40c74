"""What each lane delivered in the last hour, for whoever looks at it every second: finished minutes are read once.

A minute is finished when the tracker has read the log past it: all that it delivered is then told. Until then it is
read at each look. Finished ones are kept packed, which takes a twentieth of the room, and are added up when there is
another: so a look costs a few minutes and not an hour.

Contract: part of somebody else's pipeline; threads may share it. Failure: as of that pipeline. If Redis forgets
minutes, what was read of them is told until they are an hour old.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec
from redis.client import Pipeline

from lanes.sla.period import Period
from lanes.store.store import Store
from lanes.store.stored import instant

_T = TypeVar("_T")

_MINUTES = 60
#: Seconds after a minute's end in which lines of it may still come.
_LATE = 5.0

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(dict[str, int]).decode

_Minute = tuple[str, int]
"""A lane's, and which: Unix time // 60."""
_Packed = Mapping[_Minute, bytes]


class Finished(NamedTuple):
    """Minutes that are told in full."""

    minutes: _Packed
    whole: Mapping[str, Period]
    """All of them as one, by lane."""

    @classmethod
    def of(cls, minutes: _Packed, lanes: Iterable[str]) -> Finished:
        """Added up."""
        return cls(minutes, {lane: Period.merged(_unpacked(one) for one in _of(lane, minutes)) for lane in lanes})


class Asked(NamedTuple):
    """A look whose answers are still to come."""

    now: float
    finished: Finished
    unknown: list[_Minute]


class LastHour:
    """One MTA's, for one reader."""

    def __init__(self, store: Store, lanes: Iterable[str]) -> None:
        self._tracking, self._keys = store.tracking, store.keys
        self._lanes = tuple(lanes)
        self._finished = Finished.of({}, self._lanes)

    def ask(self, pipe: Pipeline, now: float) -> Asked:
        """Ask for what is not known; how far the log was read comes first, so that nothing is told before that."""
        finished, last = self._finished, int(now // 60)
        hour = [(lane, minute) for lane in self._lanes for minute in range(last - _MINUTES + 1, last + 1)]
        asked = Asked(now, self._only(hour, finished), [one for one in hour if one not in finished.minutes])
        self._tracking.ask_until(pipe)
        for lane, minute in asked.unknown:
            pipe.hgetall(self._keys.histogram(lane, minute))
        return asked

    def told(self, asked: Asked, answers: Iterator[Any]) -> dict[str, Period]:
        """By lane, from the answers to what was asked."""
        read_until = min(instant(next(answers)) or 0.0, asked.now)
        fresh = {one: Period.read(next(answers)) for one in asked.unknown}
        told = {lane: Period.merged((whole, *_of(lane, fresh))) for lane, whole in asked.finished.whole.items()}
        done = {one: _packed(period) for one, period in fresh.items() if (one[1] + 1) * 60 + _LATE <= read_until}
        self._finished = Finished.of({**asked.finished.minutes, **done}, self._lanes) if done else asked.finished
        return told

    def _only(self, hour: Sequence[_Minute], finished: Finished) -> Finished:
        """What is finished of an hour."""
        minutes = {one: finished.minutes[one] for one in hour if one in finished.minutes}
        return finished if len(minutes) == len(finished.minutes) else Finished.of(minutes, self._lanes)


def _packed(minute: Period) -> bytes:
    return zlib.compress(_encode(minute.fields), zlib.Z_BEST_SPEED)


def _unpacked(packed: bytes) -> Period:
    return Period(_decode(zlib.decompress(packed)))


def _of(lane: str, minutes: Mapping[_Minute, _T]) -> Iterator[_T]:
    return (one for (of, _), one in minutes.items() if of == lane)
