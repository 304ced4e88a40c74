"""What people are shown: heads and counts, never whole lanes. What the planner is shown is in ``laneviews``.

Each function is one or two pipelined round trips whose cost does not grow with the backlog.
Failure: :class:`redis.RedisError`.
"""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean
from typing import NamedTuple, cast

from lanes.config import Settings
from lanes.life import Result, State
from lanes.message import Record
from lanes.sla.period import Period
from lanes.store.keys import text
from lanes.store.store import Store

#: Messages of a state whose ages are looked at.
SAMPLE = 200

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
            pipe.sismember(self._keys.paused, f"lane:{lane}")
            for back in range(60):
                pipe.hgetall(self._keys.histogram(lane, minute - back))
            answers = pipe.execute()
        states = {state: answers[2 * i] for i, state in enumerate(State)}
        heads = [id.decode() for i in range(len(State)) for id in answers[2 * i + 1]]
        accepted = [record.accepted for record in self._store.records(heads).values()]
        totals, paused, *minutes = answers[2 * len(State) :]
        return LaneStatus(
            lane,
            states,
            now - min(accepted) if accepted else None,
            {what: int(count or 0) for what, count in zip(whats, totals, strict=True)},
            Period.merged(map(Period.read, minutes)),
            bool(paused),
        )

    def mean_ages(self, now: float) -> dict[str, float | None]:
        """The mean age in seconds of each lane's live messages; None if it has none.

        Of a state with more than :data:`SAMPLE` messages, so many are picked at random.
        """
        return {lane: self._mean_age(lane, now) for lane in self._settings.by_rank()}

    def _mean_age(self, lane: str, now: float) -> float | None:
        keys = [self._keys.state(state, lane) for state in State]
        with self._store.client.pipeline(transaction=False) as pipe:
            for key in keys:
                pipe.zcard(key)
                pipe.zrandmember(key, SAMPLE)
            answers = pipe.execute()
        samples = [[text(id) for id in ids] for ids in answers[1::2]]
        records = self._store.records(id for ids in samples for id in ids)
        ages = [[max(now - records[id].accepted, 0.0) for id in ids if id in records] for ids in samples]
        known = [(count, fmean(some)) for count, some in zip(answers[::2], ages, strict=True) if some]
        return sum(count * mean for count, mean in known) / sum(count for count, _ in known) if known else None

    def recent(self, count: int) -> list[tuple[str, Record]]:
        """The last admitted messages, newest first."""
        ids = cast("list[bytes]", self._store.client.lrange(self._keys.recent, 0, count - 1))
        return list(self._store.records(id.decode() for id in ids).items())

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

    def in_state(self, state: State, lane: str, count: int) -> list[tuple[str, Record]]:
        """The head of a lane in one state."""
        ids = cast("list[bytes]", self._store.client.zrange(self._keys.state(state, lane), 0, count - 1))
        return list(self._store.records(id.decode() for id in ids).items())


def _where(scores: Mapping[State, float | None]) -> str:
    return next((state.value for state, score in scores.items() if score is not None), SETTLED)
