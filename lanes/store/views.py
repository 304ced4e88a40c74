"""What people are shown: heads and counts, never whole lanes. What the planner is shown is in ``laneviews``.

Each function is one or two pipelined round trips whose cost does not grow with the backlog.
Failure: :class:`redis.RedisError`.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple, cast

from lanes.config import Settings
from lanes.life import Result, State
from lanes.message import Record
from lanes.sla.period import Measure, Period
from lanes.store.store import Store


class LaneStatus(NamedTuple):
    """A lane at a glance."""

    lane: str
    states: dict[State, int]
    oldest: float | None
    """Seconds since the acceptance of the live message that was accepted first; None if empty."""
    totals: dict[str, int]
    """Since the beginning: accepted, refused, each :class:`Result`, kept, missed."""
    queue_seconds: Counter[int]
    """Histogram of the last hour's queue times (:mod:`lanes.sla.histogram`)."""

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

    def status(self, now: float) -> list[LaneStatus]:
        """Every lane at a glance, the most urgent first."""
        return [self._status(name, now) for name in self._settings.by_rank()]

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

    def _status(self, lane: str, now: float) -> LaneStatus:
        minute = int(now // 60)
        whats = ["accepted", "refused", *Result, "kept", "missed"]
        with self._store.client.pipeline(transaction=False) as pipe:
            for state in State:
                pipe.zcard(self._keys.state(state, lane))
                pipe.zrange(self._keys.state(state, lane), 0, 0)
            pipe.hmget(self._keys.totals, [f"{what}:{lane}" for what in whats])
            for back in range(60):
                pipe.hgetall(self._keys.histogram(lane, minute - back))
            answers = pipe.execute()
        states = {state: answers[2 * i] for i, state in enumerate(State)}
        heads = [id.decode() for i in range(len(State)) for id in answers[2 * i + 1]]
        accepted = [record.accepted for record in self._store.records(heads).values()]
        totals, minutes = answers[2 * len(State)], answers[2 * len(State) + 1 :]
        return LaneStatus(
            lane,
            states,
            now - min(accepted) if accepted else None,
            {what: int(count or 0) for what, count in zip(whats, totals, strict=True)},
            Period.merged(map(Period.read, minutes)).histogram(Measure.QUEUE),
        )

    def recent(self, count: int) -> list[tuple[str, Record]]:
        """The last admitted messages, newest first."""
        ids = cast("list[bytes]", self._store.client.lrange(self._keys.recent, 0, count - 1))
        return list(self._store.records(id.decode() for id in ids).items())

    def state_of(self, id: str) -> str:
        """The state of a message: a :class:`State`, ``settled``, or empty if unknown."""
        record = self._store.records([id]).get(id)
        if record is None:
            return ""
        with self._store.client.pipeline(transaction=False) as pipe:
            for state in State:
                pipe.zscore(self._keys.state(state, record.lane), id)
            found = [state for state, score in zip(State, pipe.execute(), strict=True) if score is not None]
        return found[0] if found else "settled"

    def in_state(self, state: State, lane: str, count: int) -> list[tuple[str, Record]]:
        """The head of a lane in one state."""
        ids = cast("list[bytes]", self._store.client.zrange(self._keys.state(state, lane), 0, count - 1))
        return list(self._store.records(id.decode() for id in ids).items())
