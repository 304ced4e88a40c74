"""How things stand, lane by lane: heads and counts, never whole lanes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from redis.client import Pipeline

from lanes.config import Settings
from lanes.config.model import Lane
from lanes.life import State
from lanes.metrics.told import Told
from lanes.store.keys import text
from lanes.store.store import Store


class Backlog:
    """Four round trips, whose cost does not grow with the backlog."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store, self._keys = store, store.keys
        self._lanes = {name: settings.lanes[name] for name in settings.by_rank()}
        self._first_window = settings.manager.first_window

    def __call__(self, told: Told, now: float) -> None:
        """Tell of every lane, and of the window."""
        window = self._store.flow.window()
        told.say("lanes_window", window.size if window else self._first_window)
        since = self._store.fills_since(now)
        with self._store.client.pipeline(transaction=False) as pipe:
            for name, lane in self._lanes.items():
                self._ask(pipe, name, lane, since, now)
            answers = iter(pipe.execute())
        heads = {name: _tell(told, name, lane, answers) for name, lane in self._lanes.items()}
        self._tell_ages(told, heads, now)

    def _ask(self, pipe: Pipeline, name: str, lane: Lane, since: float, now: float) -> None:
        """What :func:`_tell` takes the answers of; in-flight mail fills the window if it is from after ``since``."""
        held = self._keys.state(State.HELD, name)
        for state in State:
            pipe.zcard(self._keys.state(state, name))
            pipe.zrange(self._keys.state(state, name), 0, 0)
        pipe.zcount(held, "-inf", now + lane.lead)
        pipe.zcount(held, "-inf", f"({now}")
        pipe.zcount(self._keys.deadlines(name), "-inf", f"({now}")
        pipe.zcount(self._keys.state(State.INFLIGHT, name), since, "+inf")
        pipe.sismember(self._keys.paused, f"lane:{name}")
        if lane.batch:
            pipe.zcard(self._keys.oldest(name))
            pipe.zcount(self._keys.oldest(name), "-inf", now - lane.batch.max_wait)
            pipe.zcard(self._keys.owed(name))

    def _tell_ages(self, told: Told, heads: dict[str, Sequence[str]], now: float) -> None:
        records = self._store.records(id for ids in heads.values() for id in ids)
        for name, ids in heads.items():
            ages = (now - records[id].accepted for id in ids if id in records)
            told.say("lanes_oldest_age_seconds", max(ages, default=0.0), lane=name)


def _tell(told: Told, name: str, lane: Lane, answers: Iterator[Any]) -> Sequence[str]:
    """Tell of a lane what needs no more than counts; the ids that are next in each state."""
    states = {state: (next(answers), next(answers)) for state in State}
    due, overdue_held, overdue_mta, inflight, paused = (next(answers) for _ in range(5))
    for state, (depth, _) in states.items():
        told.say("lanes_depth", depth, lane=name, state=state)
    told.say("lanes_due", due, lane=name)
    told.say("lanes_overdue", overdue_held, lane=name, where="held")
    told.say("lanes_overdue", overdue_mta, lane=name, where="mta")
    told.say("lanes_inflight", states[State.RELEASING][0] + inflight, lane=name)
    told.say("lanes_paused", paused, lane=name)
    if lane.batch:
        for metric in ("lanes_batches", "lanes_batches_due", "lanes_batches_owed"):
            told.say(metric, next(answers), lane=name)
    return [text(id) for _, head in states.values() for id in head]
