"""What people are shown: heads and counts, never whole lanes. What the planner is shown is in ``laneviews``.

Each function is one or two pipelined round trips whose cost does not grow with the backlog.
Failure: :class:`redis.RedisError`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from statistics import fmean
from typing import Any, NamedTuple, cast

from redis.client import Pipeline

from lanes.config import Settings
from lanes.life import Result, State
from lanes.message import Record
from lanes.sla.period import Period
from lanes.store.keys import text
from lanes.store.last_hour import LastHour
from lanes.store.store import Store
from lanes.store.stored import count

#: Messages of a state whose ages are looked at.
SAMPLE = 200

_WHATS = ("accepted", "refused", *Result, "kept", "missed")

#: The state of what is done with.
SETTLED = "settled"


class LaneStatus(NamedTuple):
    """A lane at a glance."""

    lane: str
    states: dict[State, int]
    oldest: float | None
    """Seconds since the acceptance of the live message that was accepted first; None if empty."""
    totals: dict[str, int]
    """Since the beginning: accepted, refused, each :class:`Result`, kept, missed."""
    lately: Period
    """What was delivered in the last hour."""
    paused: bool = False
    """Whether an operator stopped it."""

    @property
    def depth(self) -> int:
        """Live messages."""
        return sum(self.states.values())


class WindowStatus(NamedTuple):
    """The window at a glance."""

    size: int
    """How many messages may be in flight at once, over all lanes."""
    inflight: int
    """How many are."""
    phase: str
    """What it is doing, in words."""


class Views:
    """One MTA, looked at."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._keys = store.keys
        self._hour = LastHour(store, settings.lanes)

    def status(self, now: float) -> list[LaneStatus]:
        """Every lane at a glance, the most urgent first; two round trips."""
        lanes = self._settings.by_rank()
        with self._store.client.pipeline(transaction=False) as pipe:
            hour = self._hour.ask(pipe, now)
            for lane in lanes:
                self._ask(pipe, lane)
            answers = iter(pipe.execute())
        lately = self._hour.told(hour, answers)
        glances = [self._glance(lane, answers, lately[lane]) for lane in lanes]
        records = self._store.records(id for _, heads in glances for id in heads)
        return [status._replace(oldest=_oldest(heads, records, now)) for status, heads in glances]

    def window(self, now: float) -> WindowStatus:
        """How much is in flight of what may be, and why it may be so much."""
        manager, kept = self._settings.manager, self._store.flow.window()
        since = self._store.fills_since(now)
        with self._store.client.pipeline(transaction=False) as pipe:
            for lane in self._settings.lanes:
                pipe.zcard(self._keys.state(State.RELEASING, lane))
                pipe.zcount(self._keys.state(State.INFLIGHT, lane), since, "+inf")
            inflight = sum(pipe.execute())
        if kept is None:
            return WindowStatus(manager.first_window, inflight, "waits for the manager")
        return WindowStatus(kept.size, inflight, kept.phase.value)

    def _ask(self, pipe: Pipeline, lane: str) -> None:
        for state in State:
            pipe.zcard(self._keys.state(state, lane))
            pipe.zrange(self._keys.state(state, lane), 0, 0)
        pipe.hmget(self._keys.totals, [f"{what}:{lane}" for what in _WHATS])
        pipe.sismember(self._keys.paused, f"lane:{lane}")

    @staticmethod
    def _glance(lane: str, answers: Iterator[Any], lately: Period) -> tuple[LaneStatus, list[str]]:
        """A lane, and the head of each of its states."""
        states, heads = {}, []
        for state in State:
            states[state] = next(answers)
            heads += [text(id) for id in next(answers)]
        totals = {what: count(total) for what, total in zip(_WHATS, next(answers), strict=True)}
        return LaneStatus(lane, states, None, totals, lately, bool(next(answers))), heads

    def mean_ages(self, now: float) -> dict[str, float | None]:
        """The mean age in seconds of each lane's live messages, None if it has none; two round trips.

        Of a state with more than :data:`SAMPLE` messages, so many are picked at random.
        """
        lanes = self._settings.by_rank()
        with self._store.client.pipeline(transaction=False) as pipe:
            for lane in lanes:
                for state in State:
                    pipe.zcard(self._keys.state(state, lane))
                    pipe.zrandmember(self._keys.state(state, lane), SAMPLE)
            answers = iter(pipe.execute())
        picked = {lane: [(next(answers), [text(id) for id in next(answers)]) for _ in State] for lane in lanes}
        accepted = self._store.accepted(id for samples in picked.values() for _, ids in samples for id in ids)
        return {lane: _mean_age(samples, accepted, now) for lane, samples in picked.items()}

    def recent(self, most: int) -> list[tuple[str, Record]]:
        """The last admitted messages, newest first."""
        ids = cast("list[bytes]", self._store.client.lrange(self._keys.recent, 0, most - 1))
        return list(self._store.records(map(text, ids)).items())

    def state_of(self, id: str) -> str:
        """The state of a message: a :class:`State`, :data:`SETTLED`, or empty if unknown."""
        return self.states_of(self._store.records([id])).get(id, "")

    def states_of(self, records: Mapping[str, Record]) -> dict[str, str]:
        """The state of each of these messages; one round trip."""
        if not records:
            return {}
        with self._store.client.pipeline(transaction=False) as pipe:
            for id, record in records.items():
                for state in State:
                    pipe.zscore(self._keys.state(state, record.lane), id)
            scores = iter(pipe.execute())
        return {id: _where(dict(zip(State, scores, strict=False))) for id in records}

    def in_state(self, state: State, lane: str, most: int) -> list[tuple[str, Record]]:
        """The head of a lane in one state."""
        ids = cast("list[bytes]", self._store.client.zrange(self._keys.state(state, lane), 0, most - 1))
        return list(self._store.records(map(text, ids)).items())


def _where(scores: Mapping[State, float | None]) -> str:
    return next((state.value for state, score in scores.items() if score is not None), SETTLED)


def _oldest(heads: Iterable[str], records: Mapping[str, Record], now: float) -> float | None:
    """Seconds since the first of the heads was accepted."""
    return max((now - records[id].accepted for id in heads if id in records), default=None)


def _mean_age(samples: Iterable[tuple[int, list[str]]], accepted: Mapping[str, float], now: float) -> float | None:
    """Of messages of which there are samples, a state each, with how many there are."""
    ages = ((size, [max(now - accepted[id], 0.0) for id in ids if id in accepted]) for size, ids in samples)
    known = [(size, fmean(some)) for size, some in ages if some]
    return sum(size * mean for size, mean in known) / sum(size for size, _ in known) if known else None
