"""Any interleaving of what can happen to messages, on a real server, against a model that fits on a page.

The model is life.py's table. After every step each message that was ever admitted is in the state that
the model says and in no other, and the indexes say what the states say. A crash is a step that is not
taken: claims without jobs, releases without confirmation, events told late, twice, or never.
"""

from __future__ import annotations

import pytest
from hypothesis import settings as effort
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from contrib.sandbox.redis import PrivateRedis
from lanes.config import Settings
from lanes.life import TRANSITIONS, Result, State
from lanes.message import Record
from lanes.policy.relane import relaned
from lanes.schedule.view import Wave
from lanes.store.orders import Found, Orders
from lanes.store.settling import Settlement
from lanes.store.store import Candidate, Store

START = 1_800_000_000.0
LEASE = 30.0
DOMAINS = st.sampled_from(["one.example", "two.example"])
LANES = st.sampled_from(["priority", "normal", "bulk"])
MOVES = st.sampled_from(["start", "defer", "withhold", "keep"])


class Life(RuleBasedStateMachine):
    """Steps of the filter, the manager, the worker, the tracker and operators, in any order."""

    server: PrivateRedis
    settings: Settings
    ids: Bundle[str] = Bundle("ids")

    @initialize()
    def begin(self) -> None:
        client = self.server.client()
        client.flushall()
        self.store = Store(client, self.settings)
        self.orders = Orders(self.store, self.settings)
        self.now = START
        self.model: dict[str, str] = {}
        self.leases: dict[str, float] = {}

    def teardown(self) -> None:
        self.store.client.close()

    @rule(target=ids, lane=LANES, domain=DOMAINS, slack=st.floats(1, 86400))
    def admit(self, lane: str, domain: str, slack: float) -> str | MultipleResults[str]:
        id = f"m{len(self.model)}"
        record = Record(lane, self.now, self.now + slack, domain, 1, "", "a@b.example", "")
        verdict = self.store.admit(id, [Candidate(record)], self.now)
        if verdict.action == "defer":  # the lane is full, and the sender keeps the message
            return multiple()
        self.model[id] = State.HELD if verdict.action == "hold" else State.INFLIGHT
        return id

    @rule(id=ids)
    def admit_again(self, id: str) -> None:
        record = Record("priority", self.now, self.now + 1, "three.example", 1, "", "", "")
        assert self.store.admit(id, [Candidate(record)], self.now).action in ("known", "pass", "hold")
        self.model.setdefault(id, State.INFLIGHT)

    @rule(lane=LANES, domain=DOMAINS, count=st.integers(1, 3), named=st.lists(ids, max_size=2), by_hand=st.booleans())
    def claim(self, lane: str, domain: str, count: int, named: list[str], by_hand: bool) -> None:
        batched = domain if lane == "bulk" else ""
        fitting = [id for id in dict.fromkeys(named) if self._at(id) == (lane, batched)]
        wave = Wave(lane, batched, count, "size", tuple(fitting))
        for id in self.store.claim(wave, self.now + LEASE, fill=not by_hand):
            assert self.model[id] in (State.HELD, State.KEPT) if by_hand else self.model[id] == State.HELD
            assert self._at(id) == (lane, batched)
            self.model[id], self.leases[id] = State.RELEASING, self.now + LEASE

    def _at(self, id: str) -> tuple[str, str] | None:
        record = self.store.records([id]).get(id)
        return (record.lane, self.store.domain(record)) if record else None

    @rule(ids=st.lists(ids, max_size=3), move=MOVES)
    def move(self, ids: list[str], move: str) -> None:
        sources, target = TRANSITIONS[move]
        moving = {id for id in ids if self.model[id] in sources}
        assert self.store.move(move, ids, self.now) == len(moving)  # type: ignore[arg-type] # one of the four
        self.model.update(dict.fromkeys(moving, target or ""))

    @rule(id=ids)
    def give_back(self, id: str) -> None:
        assert self.store.unclaim([id]) == (self.model[id] == State.RELEASING)
        if self.model[id] == State.RELEASING:
            self.model[id] = State.HELD

    @rule(seconds=st.floats(0, 2 * LEASE))
    def time_passes_and_the_manager_looks(self, seconds: float) -> None:
        self.now += seconds
        over = {id for id, state in self.model.items() if state == State.RELEASING and self.leases[id] <= self.now}
        expired = self.store.expired_claims(self.now)
        assert set(expired) == over
        assert self.store.unclaim(expired, lease_before=self.now) == len(over)
        self.model.update(dict.fromkeys(over, State.HELD))

    @rule(id=ids, result=st.sampled_from(list(Result)))
    def settle(self, id: str, result: Result) -> None:
        live = self.model[id] in set(State)
        seconds = 1.0 if result is Result.DELIVERED else None
        assert bool(self.store.settle([Settlement(id, result, self.now, seconds)])) == live
        if live:
            self.model[id] = "settled"

    @rule(target=ids, old=consumes(ids))
    def requeue(self, old: str) -> str | MultipleResults[str]:
        live = self.model[old] in set(State)
        new = f"m{len(self.model)}"
        assert self.store.requeue(old, new, self.now) == live
        if not live:
            return multiple()
        self.model[new], self.model[old] = State.INFLIGHT, ""
        return new

    @rule(id=ids, lane=LANES)
    def change_lane(self, id: str, lane: str) -> None:
        record = self.store.records([id]).get(id)
        if record and record.lane != lane:
            found = Found(id, record, State.HELD)
            moved = self.orders.relane(found, relaned(record, lane, self.settings, "me", ""))
            assert moved == (self.model[id] in set(State))

    @invariant()
    def every_message_is_where_the_model_says_and_nowhere_else(self) -> None:
        places = [(state, lane) for state in State for lane in self.settings.lanes]
        members = self._members(*(self.store.keys.state(state, lane) for state, lane in places))
        found = [(id, state) for (state, _), ids in zip(places, members, strict=True) for id in ids]
        assert sorted(found) == sorted((id, state) for id, state in self.model.items() if state in set(State))

    @invariant()
    def the_indexes_say_what_the_states_say(self) -> None:
        keys, domains = self.store.keys, ("one.example", "two.example")
        held, *batches = self._members(keys.state(State.HELD, "bulk"), *(keys.batch("bulk", d) for d in domains))
        assert held == set().union(*batches)
        assert self.store.client.zmscore(keys.sizes("bulk"), list(domains)) == [len(batch) or None for batch in batches]

    def _members(self, *keys: str) -> list[set[str]]:
        """The members of several sorted sets; one round trip."""
        with self.store.client.pipeline() as pipe:
            for key in keys:
                pipe.zrange(key, 0, -1)
            return [{id.decode() for id in ids} for ids in pipe.execute()]


@pytest.fixture
def machine(server: PrivateRedis, settings: Settings) -> type[Life]:
    Life.server, Life.settings = server, settings
    return Life


def test_no_message_is_lost_or_in_two_states_whatever_happens(machine: type[Life]) -> None:
    run_state_machine_as_test(machine, settings=effort(max_examples=100, stateful_step_count=40, deadline=None))
