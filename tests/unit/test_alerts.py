"""Alerts: what each rule sees, and that each alert fires once, holds on, and clears."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanes.config.errors import ConfigError
from lanes.config.load import parse
from lanes.sla.alerts import Phase, State, firing, step
from lanes.sla.rules import LaneSeen, ProgramSeen, Seen, measure

NOW = 1_800_000_000.0
SETTINGS = parse(
    """
    [alerts]
    fire_after = "10s"
    clear_at = 0.9
    clear_after = "60s"
    overdue = 2
    filling = 0.8
    recent = "5m"
    events = 20
    silent_after = "60s"
    """
)
LANES, BOUNDS = SETTINGS.lanes, SETTINGS.alerts


def lane(name: str, **seen: Any) -> LaneSeen:
    return LaneSeen(name, LANES[name])._replace(**seen)


def lanes(*seen: LaneSeen) -> Seen:
    return Seen(seen, ())


def silence(program: str, seconds: float, now: float = NOW) -> Seen:
    return Seen((), (ProgramSeen(program, now - seconds, now),))


def wrong(seen: Seen) -> list[str]:
    """The alerts whose level has reached 1."""
    return [one.alert.identity for one in measure(seen, BOUNDS) if one.level >= 1]


class Watched:
    """A series of looks, ten seconds apart, and what was told."""

    def __init__(self, states: Mapping[str, State] | None = None, now: float = NOW) -> None:
        self.now = now
        self.states = dict(states or {})
        self.told: list[str] = []

    def looks(self, *seen: Seen) -> list[str]:
        """Look at these, one after the other; what was told of it."""
        before = len(self.told)
        for one in seen:
            self.states, changes = step(self.states, one, BOUNDS, self.now)
            self.told += [f"{change.phase} {change.alert.identity}" for change in changes]
            self.now += 10
        return self.told[before:]


QUIET = lanes(lane("priority"))
CALM = lanes(lane("priority", waited=119.0))
"""Below the bound of two minutes, and not so far below that anything clears."""
DELAYED = lanes(lane("priority", waited=120.0))
FIRED, CLEARED = 'firing delayed{lane="priority"}', 'resolved delayed{lane="priority"}'


@pytest.mark.parametrize(
    ("seen", "alert"),
    [
        (lane("priority", waited=120.0), 'delayed{lane="priority"}'),
        (lane("priority", waited=119.0), ""),
        (lane("normal", waited=1800.0), 'delayed{lane="normal"}'),
        (lane("normal", overdue=2), 'overdue{lane="normal"}'),
        (lane("normal", overdue=1), ""),
        (lane("bulk", overdue_held=1), 'overdue_held{lane="bulk"}'),
        (lane("normal", depth=8000), 'filling{lane="normal"}'),
        (lane("normal", depth=7999), ""),
        (lane("priority", p95=300.0, delivered=20), 'slow{lane="priority"}'),
        (lane("priority", p95=299.0, delivered=20), ""),
    ],
)
def test_a_rule_speaks_from_its_bound_on(seen: LaneSeen, alert: str) -> None:
    assert wrong(lanes(seen)) == ([alert] if alert else [])


def test_a_full_lane_is_also_a_filling_one() -> None:
    assert wrong(lanes(lane("priority", depth=1000))) == ['filling{lane="priority"}', 'full{lane="priority"}']


def test_bulk_that_is_held_by_design_is_not_delayed_however_long_it_waits() -> None:
    assert wrong(lanes(lane("bulk", waited=86000.0, depth=1_000_000))) == []


def test_a_lane_can_do_without_an_alert_about_waiting() -> None:
    # Given a lane whose alert_after is 0
    terms = parse('[lanes.priority]\nalert_after = "0s"').lanes["priority"]
    # When a message waits
    # Then nothing is wrong
    assert wrong(lanes(LaneSeen("priority", terms, waited=3600.0))) == []


def test_few_deliveries_say_nothing_about_the_p95() -> None:
    assert wrong(lanes(lane("priority", p95=3000.0, delivered=19))) == []


@pytest.mark.parametrize("program", ["manager", "worker", "tracker"])
def test_a_program_is_missed_after_half_the_time_and_called_silent_after_the_rest(program: str) -> None:
    # Given a program that was heard of, and then no more
    watch = Watched()
    told = watch.looks(*(silence(program, seconds) for seconds in (29.0, 30.0, 40.0, 50.0)))
    # Then it is pending from half of silent_after on
    assert told == []
    assert [state.phase for state in watch.states.values()] == [Phase.PENDING]
    # And fires at the end of it
    assert watch.looks(silence(program, 60.0)) == [f'firing silent{{program="{program}"}}']


def test_after_a_boot_all_programs_have_time_to_come_up() -> None:
    # Given a worker that was last heard of before the machine was off
    watch = Watched()
    # When it comes up a little after the manager
    told = watch.looks(silence("worker", 7200.0), silence("worker", 7210.0), silence("worker", 1.0))
    # Then nobody is told
    assert (told, watch.states) == ([], {})


def test_a_program_that_never_was_heard_of_is_silent() -> None:
    assert wrong(Seen((), (ProgramSeen("worker", None, NOW),))) == ['silent{program="worker"}']


def test_an_alert_says_what_is_wrong_and_what_to_do() -> None:
    words = {one.alert.name: one.alert for one in measure(lanes(lane("normal", depth=8100, overdue=3)), BOUNDS)}
    assert words["filling"].summary == "lane normal is filled to 81% (8100 of 10000 messages)"
    assert "is refused for now (451)" in words["filling"].advice
    assert words["overdue"].summary == "3 messages of lane normal with the MTA past the deadline"
    assert "lanes ls --lane normal --state deferred" in words["overdue"].advice


def test_an_alert_fires_once_when_its_cause_has_lasted() -> None:
    watch = Watched()
    assert watch.looks(QUIET, DELAYED) == []
    assert watch.looks(DELAYED) == [FIRED]
    assert watch.looks(*[DELAYED] * 100) == []


def test_a_cause_that_is_gone_in_time_is_not_told() -> None:
    watch = Watched()
    assert watch.looks(*[DELAYED, QUIET] * 20) == []


def test_what_does_not_go_below_the_lower_bound_has_not_gone() -> None:
    # Given a level that wavers around its bound
    watch = Watched()
    told = watch.looks(*[DELAYED, CALM] * 50)
    # Then it fires once and does not clear
    assert told == [FIRED]


def test_an_alert_clears_once_when_its_cause_has_been_gone_for_long_enough() -> None:
    # Given an alert that fires
    watch = Watched()
    watch.looks(DELAYED, DELAYED)
    # When its cause is gone, for less than a minute each time
    assert watch.looks(*[*[QUIET] * 6, CALM] * 5) == []
    # Then it goes on; and clears after a whole minute
    assert watch.looks(*[QUIET] * 7) == [CLEARED]
    assert watch.states == {}
    # And can fire again
    assert watch.looks(QUIET, DELAYED, DELAYED) == [FIRED]


def test_what_is_told_of_an_alert_that_clears_is_its_trouble_and_since_when() -> None:
    # Given an alert that fires, and whose cause is gone
    watch = Watched()
    watch.looks(DELAYED, lanes(lane("priority", waited=600.0)), QUIET)
    # When it clears
    _, (change,) = step(watch.states, QUIET, BOUNDS, watch.now + 60)
    # Then it is told what it was
    assert change.alert.summary == "a message of lane priority has waited 10m (alert_after: 2m)"
    assert change.since == NOW


def test_an_alert_about_a_lane_that_is_not_there_any_more_clears() -> None:
    watch = Watched()
    watch.looks(DELAYED, DELAYED)
    assert watch.looks(*[lanes()] * 7) == [CLEARED]


def test_a_restart_tells_nothing_twice() -> None:
    # Given an alert that fires, whose state was stored
    watch = Watched()
    watch.looks(DELAYED, DELAYED)
    stored = msgspec.msgpack.encode(watch.states)
    # When another goes on from there
    states = msgspec.msgpack.decode(stored, type=dict[str, State])
    # Then it tells nothing, and that it clears once
    assert Watched(states, watch.now).looks(*[DELAYED] * 3, *[QUIET] * 20) == [CLEARED]


def test_what_is_firing_is_said_gravest_first_and_the_managers_own_silence_with_it() -> None:
    # Given a manager that saw a warning fire, and then died
    watch = Watched()
    watch.looks(DELAYED, DELAYED)
    programs = [ProgramSeen("manager", NOW + 10, NOW + 100), ProgramSeen("worker", NOW + 99, NOW + 100)]
    # When somebody asks what is wrong
    found = firing(watch.states, programs, BOUNDS)
    # Then its own silence comes first, since it was last heard of
    assert [(state.alert.identity, state.since) for state in found] == [
        ('silent{program="manager"}', NOW + 10), ('delayed{lane="priority"}', NOW),
    ]


def test_who_is_silent_is_not_said_twice() -> None:
    # Given a worker whose silence the manager has seen
    watch = Watched()
    watch.looks(*(silence("worker", seconds, NOW + seconds) for seconds in range(0, 100, 10)))
    assert len(firing(watch.states, [ProgramSeen("worker", NOW, NOW + 100)], BOUNDS)) == 1


def test_what_is_pending_is_not_said() -> None:
    watch = Watched()
    watch.looks(DELAYED)
    assert firing(watch.states, [], BOUNDS) == []


waits = st.sampled_from([0.0, 100.0, 107.9, 108.1, 119.9, 120.0, 500.0])
views = st.builds(
    lambda waited, depth, heard: Seen(
        (lane("priority", waited=waited, depth=depth),), (ProgramSeen("worker", None if heard is None else NOW, NOW),)
    ),
    waits, st.sampled_from([0, 650, 800, 899, 900, 1000]), st.sampled_from([None, 1]),
)  # fmt: skip
looks = st.lists(st.tuples(st.sampled_from([0.0, 1.0, 5.0, 9.9, 10.0, 59.0, 60.0, 3600.0]), views), max_size=60)


@given(looks)
def test_whatever_is_seen_nothing_fires_twice_without_clearing_or_clears_without_firing(
    looks: Sequence[tuple[float, Seen]],
) -> None:
    states: dict[str, State] = {}
    now, last = NOW, dict[str, Phase]()
    for pause, seen in looks:
        now += pause
        states, changes = step(states, seen, BOUNDS, now)
        for change in changes:
            assert last.get(change.alert.identity, Phase.RESOLVED) is not change.phase
            last[change.alert.identity] = change.phase
    # And what was last told to fire is what is still there
    assert {identity for identity, state in states.items() if state.phase is Phase.FIRING} == {
        identity for identity, phase in last.items() if phase is Phase.FIRING
    }


@given(looks)
def test_whatever_is_seen_an_alert_fires_after_it_was_up_and_clears_after_it_was_down_for_long_enough(
    looks: Sequence[tuple[float, Seen]],
) -> None:
    states: dict[str, State] = {}
    now, up, down = NOW, dict[str, float](), dict[str, float]()
    for pause, seen in looks:
        now += pause
        for one in measure(seen, BOUNDS):
            if one.level < BOUNDS.clear_at:
                up.pop(one.alert.identity, None)
                down.setdefault(one.alert.identity, now)
            else:
                down.pop(one.alert.identity, None)
                if one.level >= 1:
                    up.setdefault(one.alert.identity, now)
        states, changes = step(states, seen, BOUNDS, now)
        for change in changes:
            if change.phase is Phase.FIRING:
                assert now - up[change.alert.identity] >= BOUNDS.fire_after
            else:
                assert now - down[change.alert.identity] >= BOUNDS.clear_after


@pytest.mark.parametrize(
    ("text", "key", "problem"),
    [
        ("alerts.clear_at = 1.0", "alerts.clear_at", "found 1, allowed: between 0 and 1"),
        ("alerts.filling = 0.0", "alerts.filling", "found 0, allowed: between 0 and 1"),
        ("alerts.overdue = 0", "alerts.overdue", "found 0, allowed: 1 or more"),
        ("alerts.events = 0", "alerts.events", "found 0, allowed: 1 or more"),
        ('alerts.recent = "30s"', "alerts.recent", "found 30s, allowed: 1m to 1d"),
        ('alerts.silent_after = "5s"', "alerts.silent_after", "found 5s, allowed: 10s or more"),
        ('manager.alerts_every = "0s"', "manager.alerts_every", "found 0, allowed: more than 0"),
        ('alerts.fire_afer = "5s"', "alerts.fire_afer", "did you mean 'fire_after'?"),
    ],
)
def test_a_bad_setting_is_one_clear_error(text: str, key: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text)

    assert problem in caught.value.problem
    assert (caught.value.key, caught.value.line) == (key, 1)
