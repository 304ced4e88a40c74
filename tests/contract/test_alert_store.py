"""What alerts are judged by, and how they stand, in Redis: on Valkey and on Debian's Redis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from msgspec import structs
from redis.client import Pipeline

from lanes.config import Settings
from lanes.life import Result, State
from lanes.message import Record
from lanes.schedule.view import Wave
from lanes.services.watch import Watch
from lanes.sla.alerts import Phase
from lanes.sla.alerts import State as AlertState
from lanes.sla.rules import Alert, LaneSeen
from lanes.store.alerts import HEADS, Alerts
from lanes.store.orders import Found, Orders
from lanes.store.settling import Settlement
from lanes.store.store import Candidate, Store

NOW = 1_000_000.0
MINUTE = 60.0


@pytest.fixture
def alerts(store: Store, settings: Settings) -> Alerts:
    return Alerts(store, settings)


def admit(store: Store, id: str, lane: str, accepted: float = NOW, deadline: float = NOW + 3600, *,
          watch: bool = False) -> Record:
    record = Record(lane, accepted, deadline, "example.com", 1, "", "a@b.c", "hello")
    store.admit(id, [Candidate(record)], accepted, watch=watch)
    return record


def seen(alerts: Alerts, lane: str, now: float = NOW) -> LaneSeen:
    return {one.lane: one for one in alerts.seen(now).lanes}[lane]


def in_each_state(store: Store, lane: str, accepted: float = NOW, deadline: float = NOW + 3600) -> None:
    """A message of a lane in each state, by the state's name."""
    for state in State:
        admit(store, state.value, lane, accepted, deadline)
    store.move("start", [state.value for state in State if state is not State.HELD], NOW)
    store.move("defer", [State.DEFERRED.value], NOW)
    store.move("withhold", [State.WITHHELD.value], NOW)
    store.move("keep", [State.KEPT.value], NOW)


def test_overdue_is_what_we_hold_and_what_the_mta_has_but_not_what_is_on_hold_by_hand(
    store: Store, alerts: Alerts
) -> None:
    # Given a bulk message in each state
    in_each_state(store, "bulk", deadline=NOW + MINUTE)
    # When its deadline is reached
    assert (seen(alerts, "bulk", NOW + MINUTE).overdue, seen(alerts, "bulk", NOW + MINUTE).overdue_held) == (0, 0)
    # And has passed
    late = seen(alerts, "bulk", NOW + MINUTE + 0.001)
    # Then what was on its way is overdue with the MTA, what we held is so with us, and all are counted
    assert (late.overdue, late.overdue_held, late.depth) == (3, 1, 6)
    # And what was claimed is with the MTA, and what was settled is nowhere
    store.claim(Wave("bulk", "example.com", 1, "size"), NOW + 90)
    store.settle([Settlement("deferred", Result.DELIVERED, NOW + 61, 61.0)])
    late = seen(alerts, "bulk", NOW + MINUTE + 1)
    assert (late.overdue, late.overdue_held, late.depth) == (3, 0, 5)


@pytest.mark.parametrize("state", State)
def test_the_longest_wait_is_found_in_every_state_but_on_hold_by_hand(
    store: Store, alerts: Alerts, state: State
) -> None:
    # Given a full window, an old message in some state, and a younger one whose deadline is nearer
    for number in range(10):
        admit(store, f"full{number}", "bulk", deadline=NOW + 86400)
    store.move("start", [f"full{number}" for number in range(10)], NOW)
    admit(store, "old", "normal")
    bring(store, "old", state)
    admit(store, "young", "normal", NOW + 1700, NOW + 1900)
    # When the old one has waited for half an hour
    waited = seen(alerts, "normal", NOW + 1800).waited
    # Then its wait is the longest, unless it is on hold by hand
    assert waited == (100 if state in (State.WITHHELD, State.KEPT) else 1800)


def bring(store: Store, id: str, state: State) -> None:
    """A held message of lane normal, into a state."""
    if state is State.RELEASING:
        assert store.claim(Wave("normal", "", 1, "turn"), NOW + 30) == [id]
    moves = {State.INFLIGHT: "start", State.DEFERRED: "defer", State.WITHHELD: "withhold", State.KEPT: "keep"}
    if state in moves:
        assert store.move(moves[state], [id], NOW) == 1  # type: ignore[arg-type] # one of the four


def test_a_lane_whose_mail_is_held_by_design_is_not_asked_how_long(store: Store, alerts: Alerts) -> None:
    admit(store, "b", "bulk", NOW, NOW + 86400)
    assert seen(alerts, "bulk", NOW + 86000).waited == 0


def test_what_has_waited_is_found_behind_nearer_deadlines(store: Store, alerts: Alerts) -> None:
    # Given many young messages with near deadlines, and an old one behind them
    admit(store, "old", "normal", NOW, NOW + 3600)
    for number in range(HEADS - 1):
        admit(store, f"young{number}", "normal", NOW + 1700, NOW + 1900, watch=True)
    # When it has waited for half an hour
    # Then it is found
    assert seen(alerts, "normal", NOW + 1800).waited == 1800


def test_a_message_that_changes_lanes_is_overdue_in_its_new_one(
    store: Store, alerts: Alerts, settings: Settings
) -> None:
    # Given bulk mail that is in flight, and is promoted
    record = admit(store, "m", "bulk", NOW, NOW + 86400)
    store.move("start", ["m"], NOW)
    promoted = structs.replace(record, lane="normal", deadline=NOW + 3600)
    assert Orders(store, settings).relane(Found("m", record, State.INFLIGHT), promoted)
    # When its new deadline has passed
    # Then it is overdue where it is, and not where it was
    assert (seen(alerts, "normal", NOW + 3601).overdue, seen(alerts, "bulk", NOW + 3601).overdue) == (1, 0)


def test_the_p95_is_of_the_last_minutes(store: Store, alerts: Alerts) -> None:
    # Given a slow delivery some time ago, and quick ones now
    for number, (at, seconds) in enumerate([(NOW - 6 * MINUTE, 500.0), (NOW, 1.0), (NOW - 4 * MINUTE, 2.0)]):
        admit(store, f"p{number}", "priority")
        store.settle([Settlement(f"p{number}", Result.DELIVERED, at, seconds)])
    # When the last five minutes are looked at
    priority = seen(alerts, "priority")
    # Then only the quick ones are there
    assert priority.delivered == 2
    assert priority.p95 == pytest.approx(2.0, rel=0.01)
    assert seen(alerts, "normal").p95 is None


def test_who_was_heard_of_when(store: Store, alerts: Alerts) -> None:
    store.beat("manager", NOW - 5)
    store.client.hset(store.keys.seen, "worker", "junk")
    assert [(one.program, one.heard) for one in alerts.programs(NOW)] == [
        ("manager", NOW - 5), ("worker", None), ("tracker", None),
    ]


def firing(name: str = "silent") -> AlertState:
    return AlertState(Alert(name, {"program": "worker"}, "critical", "what", "what to do"), Phase.FIRING, NOW, 2.0)


def test_states_are_kept_as_they_were_and_what_is_over_is_forgotten(store: Store, alerts: Alerts) -> None:
    # Given states, one of which nobody can read
    one, other = firing(), firing("other")
    alerts.standing.update(lambda _: ({one.alert.identity: one, other.alert.identity: other}, []), nobody)
    store.client.hset(store.keys.alerts, "junk", b"\xff")
    assert alerts.standing.states() == {one.alert.identity: one, other.alert.identity: other}
    # When one is over
    alerts.standing.update(lambda _: ({one.alert.identity: one}, []), nobody)
    # Then the others are not there any more
    assert store.client.hkeys(store.keys.alerts) == [one.alert.identity.encode()]


def nobody(changes: Sequence[AlertState], pipe: Pipeline) -> None:
    """Told to nobody."""


def test_who_is_told_while_others_look_is_told_once(store: Store, alerts: Alerts) -> None:
    # Given a look during which another manager stores that it has told
    state = firing()
    fired = {state.alert.identity: state}
    before: list[Mapping[str, AlertState]] = []

    def look(states: Mapping[str, AlertState]) -> tuple[dict[str, AlertState], list[AlertState]]:
        if not before:
            alerts.standing.update(lambda _: (fired, [state]), told)
        before.append(states)
        return fired, [] if states else [state]

    def told(changes: Sequence[AlertState], pipe: Pipeline) -> None:
        for change in changes:
            pipe.rpush("told", change.alert.identity)

    # When it ends
    changes = alerts.standing.update(look, told)
    # Then it looks again, sees that, and nothing was told twice
    assert (before, changes) == ([{}, fired], [])
    assert store.client.lrange("told", 0, -1) == [state.alert.identity.encode()]


def test_the_watch_looks_at_its_own_rate_and_a_new_one_tells_nothing_again(
    store: Store, alerts: Alerts, settings: Settings
) -> None:
    # Given a lane with mail that waits, and programs that are alive
    admit(store, "p", "priority", NOW, NOW + 300)
    looked: list[float] = []

    def turn(watch: Watch, at: float) -> list[str]:
        for program in ("manager", "worker", "tracker"):
            store.beat(program, at)
        changes = watch.turn(at)
        looked.extend([at] * bool(changes))
        return [f"{change.phase} {change.alert.identity}" for change in changes]

    # When a watch takes a turn with each tick
    watch = Watch(settings, alerts)
    told = [change for tick in range(110 * 5, 140 * 5) for change in turn(watch, NOW + tick / 5)]
    # Then it fires once, ten seconds after the message had waited for two minutes, at the watch's pace
    assert (told, looked) == (['firing delayed{lane="priority"}'], [NOW + 130])
    assert [state.alert.name for state in alerts.firing(NOW + 140)] == ["delayed"]
    # And a new watch tells no more of it than that it clears
    store.settle([Settlement("p", Result.DELIVERED, NOW + 150, 150.0)])
    again = Watch(settings, alerts)
    assert [change for at in range(140, 240) for change in turn(again, NOW + at)] == [
        'resolved delayed{lane="priority"}'
    ]
    assert alerts.firing(NOW + 240) == []
