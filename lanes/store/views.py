"""What is read from Redis without changing it: heads and counts, never whole lanes.

Each function is one or two pipelined round trips whose cost does not grow with the backlog.
Failure: :class:`redis.RedisError`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple, cast

from redis.client import Pipeline

from lanes.config import Settings
from lanes.config.model import Lane
from lanes.life import Result, State
from lanes.message import Record
from lanes.schedule.view import Domain, Due, LaneView
from lanes.sla import histogram
from lanes.store.store import Store

#: Heads looked at, as a multiple of the window: what is not to go must not hide what may.
_AHEAD = 2


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


class Views:
    """One MTA, looked at."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._keys = store.keys

    def lanes(self, now: float) -> list[LaneView]:
        """What the planner needs of every lane. What is paused is not there."""
        names = list(self._settings.lanes)
        paused = self.paused()
        with self._store.client.pipeline(transaction=False) as pipe:
            for name in names:
                self._ask(pipe, name, self._settings.lanes[name], now)
            answers = iter(pipe.execute())
        views = [self._view(name, self._settings.lanes[name], answers, now) for name in names]
        return [self._without(view, paused) for view in views] if paused else views

    def paused(self) -> set[str]:
        """``lane:<lane>`` and ``domain:<domain>`` of which nothing may go."""
        return {_text(member) for member in cast("set[bytes]", self._store.client.smembers(self._keys.paused))}

    def _without(self, view: LaneView, paused: set[str]) -> LaneView:
        """The view without what is paused."""
        if f"lane:{view.lane}" in paused:
            return LaneView(view.lane, 0, view.releasing, view.inflight, ())
        domains = {name.removeprefix("domain:") for name in paused if name.startswith("domain:")}
        if not domains:
            return view

        def going(group: tuple[Domain, ...]) -> tuple[Domain, ...]:
            return tuple(domain for domain in group if domain.name not in domains)

        return self._known_heads(view, domains)._replace(
            full=going(view.full), waited=going(view.waited), begun=going(view.begun), near=going(view.near)
        )

    def _known_heads(self, view: LaneView, domains: set[str]) -> LaneView:
        """Only heads whose domain is known not to be paused, and nothing of what is behind them."""
        records = self._store.records(head.id for head in view.heads)
        heads = tuple(h for h in view.heads if h.id in records and records[h.id].domain not in domains)
        return view._replace(heads=heads, held=len(heads))

    def _ask(self, pipe: Pipeline, name: str, lane: Lane, now: float) -> None:
        heads = self._settings.manager.window * _AHEAD
        pipe.zcard(self._keys.state(State.HELD, name))
        pipe.zcard(self._keys.state(State.RELEASING, name))
        pipe.zcount(self._keys.state(State.INFLIGHT, name), now - self._settings.manager.inflight_limit, "+inf")
        pipe.zrange(self._keys.state(State.HELD, name), 0, heads - 1, withscores=True)
        if lane.batch:
            pipe.zrevrangebyscore(self._keys.sizes(name), "+inf", lane.batch.size, 0, heads)
            pipe.zrangebyscore(self._keys.oldest(name), "-inf", now - lane.batch.max_wait, 0, heads)
            pipe.zrevrange(self._keys.owed(name), 0, heads - 1)

    def _view(self, name: str, lane: Lane, answers: Any, now: float) -> LaneView:
        held, releasing, inflight, scored = (next(answers) for _ in range(4))
        heads = tuple(Due(id.decode(), deadline, "") for id, deadline in scored)
        if not lane.batch:
            return LaneView(name, held, releasing, inflight, heads)
        full, waited, begun = ([_text(domain) for domain in next(answers)] for _ in range(3))
        due = self._due(heads, now + lane.lead)
        near = [head.domain for head in due]
        known = self._domains(name, dict.fromkeys([*full, *waited, *begun, *near]))

        def group(names: Iterable[str]) -> tuple[Domain, ...]:
            return tuple(known[domain] for domain in dict.fromkeys(names))

        return LaneView(name, held, releasing, inflight, due, group(full), group(waited), group(begun), group(near))

    def _due(self, heads: tuple[Due, ...], before: float) -> tuple[Due, ...]:
        """A batched lane releases by domain, so of its heads only those that are due are of use."""
        due = [head for head in heads if head.deadline <= before]
        records = self._store.records(head.id for head in due)
        return tuple(
            head._replace(domain=records[head.id].domain, accepted=records[head.id].accepted)
            for head in due
            if head.id in records
        )

    def _domains(self, lane: str, names: Iterable[str]) -> dict[str, Domain]:
        """What is known of each of these domains; one round trip."""
        wanted = list(names)
        if not wanted:
            return {}
        with self._store.client.pipeline(transaction=False) as pipe:
            for key in (self._keys.sizes(lane), self._keys.oldest(lane), self._keys.owed(lane)):
                pipe.zmscore(key, wanted)
            pipe.hmget(self._keys.busy(lane), wanted)
            rows = zip(wanted, *pipe.execute(), strict=True)
        return {
            name: Domain(name, int(held or 0), oldest or 0.0, int(owed or 0), int(busy or 0))
            for name, held, oldest, owed, busy in rows
        }

    def status(self, now: float) -> list[LaneStatus]:
        """Every lane at a glance, the most urgent first."""
        return [self._status(name, now) for name in self._settings.by_rank()]

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
            histogram.merge({int(k): int(v) for k, v in counts.items()} for counts in minutes),
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


def _text(member: bytes) -> str:
    return member.decode("utf-8", "replace")
