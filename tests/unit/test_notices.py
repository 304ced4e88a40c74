"""Who is told of an alert, and when: sinks with their own taste and pace, and nothing told twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from lanes.config.load import parse
from lanes.config.sinks import AlertName, LogSink, Severity, Sink
from lanes.config.units import Seconds
from lanes.sla.alerts import Phase, State, step
from lanes.sla.notices import Due, Notice, notices, still_true, trial
from lanes.sla.rules import SEVERITIES, Alert, ProgramSeen, Seen

NOW = 1_800_000_000.0
HOUR = 3600.0
BOUNDS = parse('[alerts]\nfire_after = "10s"\nclear_after = "60s"\nsilent_after = "60s"').alerts
ID = "0123456789abcdef0123456789abcdef"


def sink(**terms: Any) -> Sink:
    return LogSink(**terms)


def state(name: str = "delayed", severity: Severity = "warning", phase: Phase = Phase.FIRING, *,
          since: float = NOW, told: Mapping[str, float] | None = None, lane: str = "priority") -> State:
    alert = Alert(name, {"lane": lane}, severity, "what", "what to do")
    return State(alert, phase, since, 2.0, told=dict(told or {}))


def kept(*states: State) -> dict[str, State]:
    return {one.alert.identity: one for one in states}


def say(dues: Sequence[Due]) -> list[str]:
    return [f"{due.sink}: {', '.join(f'{one.phase} {one.alert.name}' for one in due.states)}" for due in dues]


class Told:
    """Looks at given states, one after the other, and what was told of each."""

    def __init__(self, **sinks: Sink) -> None:
        self.sinks = sinks
        self.after: dict[str, State] = {}

    def look(self, *states: State, changes: Sequence[State] = (), at: float = NOW) -> list[str]:
        before = {identity: one.told for identity, one in self.after.items()}
        found = [structs.replace(one, told=before.get(one.alert.identity, one.told)) for one in states]
        self.after, due = notices(kept(*found), changes, self.sinks, at)
        return say(due)


def test_each_sink_is_told_once_what_fires_and_again_after_its_own_time() -> None:
    told = Told(pager=sink(repeat=Seconds(HOUR)), chat=sink(repeat=Seconds(4 * HOUR)), log=sink(repeat=Seconds(0)))
    assert told.look(state()) == ["pager: firing delayed", "chat: firing delayed", "log: firing delayed"]
    assert told.look(state(), at=NOW + HOUR - 1) == []
    assert told.look(state(), at=NOW + HOUR) == ["pager: firing delayed"]
    assert told.look(state(), at=NOW + HOUR + 5) == []
    assert told.look(state(), at=NOW + 4 * HOUR) == ["pager: firing delayed", "chat: firing delayed"]


def test_a_clock_that_was_set_back_keeps_nobody_from_being_told() -> None:
    told = Told(pager=sink(repeat=Seconds(HOUR)))
    told.look(state())
    assert told.look(state(), at=NOW - 10 * HOUR) == ["pager: firing delayed"]


def test_who_was_told_that_it_fires_is_told_that_it_is_over_and_nobody_else() -> None:
    # Given an alert of which one of two sinks knows
    over = state(phase=Phase.RESOLVED, told={"pager": NOW})
    # When it clears
    assert Told(pager=sink(), chat=sink()).look(changes=[over], at=NOW + 60) == ["pager: resolved delayed"]


def test_what_is_pending_is_told_to_nobody() -> None:
    assert Told(pager=sink()).look(state(phase=Phase.PENDING)) == []


def test_a_sink_hears_what_is_grave_enough_and_named() -> None:
    told = Told(
        grave=sink(at_least="critical"), silence=sink(alerts=("silent",)), all=sink(),
        grave_fill=sink(at_least="critical", alerts=("full", "filling")),
    )  # fmt: skip
    assert told.look(state("delayed"), state("silent", "critical"), state("full", "critical")) == [
        "grave: firing silent, firing full", "silence: firing silent",
        "all: firing delayed, firing silent, firing full", "grave_fill: firing full",
    ]  # fmt: skip


def test_what_comes_in_one_look_goes_in_one_notice_or_one_by_one() -> None:
    told = Told(together=sink(), single=sink(group=False))
    over = state("overdue", phase=Phase.RESOLVED, told={"together": NOW, "single": NOW})
    assert told.look(state("delayed"), state("full"), changes=[over]) == [
        "together: firing delayed, firing full, resolved overdue",
        "single: firing delayed", "single: firing full", "single: resolved overdue",
    ]  # fmt: skip


def test_a_new_sink_is_told_of_what_fires_already() -> None:
    told = Told(old=sink())
    told.look(state())
    told.sinks["new"] = sink()
    assert told.look(state(), at=NOW + 60) == ["new: firing delayed"]


def test_whom_it_was_told_goes_with_an_alert_until_it_is_over_and_is_kept_packed() -> None:
    # Given a worker whose silence was told
    silence = Seen((), (ProgramSeen("worker", NOW, NOW + 60),))
    states, _ = step({}, silence, BOUNDS, NOW + 30)
    states, changes = step(states, silence, BOUNDS, NOW + 60)
    states, due = notices(states, changes, {"pager": sink()}, NOW + 60)
    assert say(due) == ["pager: firing silent"]
    # When that is stored, and others go on from there, while it is up and while it comes down
    states = msgspec.msgpack.decode(msgspec.msgpack.encode(states), type=dict[str, State])
    states, _ = step(states, silence, BOUNDS, NOW + 70)
    back = Seen((), (ProgramSeen("worker", NOW + 80, NOW + 80),))
    states, _ = step(states, back, BOUNDS, NOW + 80)
    # Then it is known, and told when it is over
    assert states['silent{program="worker"}'].told == {"pager": NOW + 60}
    states, changes = step(states, back, BOUNDS, NOW + 140)
    assert say(notices(states, changes, {"pager": sink()}, NOW + 140)[1]) == ["pager: resolved silent"]


def notice(*alerts: State) -> Notice:
    return Notice(ID, "mx1", NOW, alerts)


@pytest.mark.parametrize(
    ("said", "stands", "so"),
    [
        (state(), [state()], True),
        (state(), [structs.replace(state(), level=9.0, told={"pager": NOW})], True),
        (state(), [], False),
        (state(), [state(since=NOW + 600)], False),
        (state(), [state(phase=Phase.PENDING)], False),
        (state(phase=Phase.RESOLVED), [], True),
        (state(phase=Phase.RESOLVED), [state(since=NOW + 600, phase=Phase.PENDING)], True),
        (state(phase=Phase.RESOLVED), [state(since=NOW + 600)], False),
    ],
)
def test_what_comes_late_is_told_only_if_it_is_still_so(said: State, stands: list[State], so: bool) -> None:
    assert still_true(notice(said), kept(*stands)) == ((said,) if so else ())


def test_a_notice_is_the_same_after_it_was_json() -> None:
    for one in (notice(state(), state(phase=Phase.RESOLVED, told={"a": NOW})), trial(ID, "mx1", NOW)):
        assert msgspec.convert(msgspec.json.decode(msgspec.json.encode(one)), Notice) == one


@pytest.mark.parametrize(
    "junk",
    [
        None, 5, "x", [], {}, {"id": ID}, {"id": "../x", "mta": "mx1", "at": 1.0, "alerts": []},
        {"id": ID, "mta": "mx1}:x", "at": 1.0, "alerts": []}, {"id": ID, "mta": "mx1", "at": "soon", "alerts": []},
        {"id": ID, "mta": "mx1", "at": 1.0, "alerts": [["x"]]},
        {"id": ID, "mta": "mx1", "at": 1.0, "alerts": [], "more": 1},
    ],
)  # fmt: skip
def test_what_is_no_notice_is_refused(junk: Any) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(junk, Notice)


looks = st.lists(st.tuples(st.sampled_from([0.0, 5.0, 20.0, 60.0, 1800.0, 3600.0]), st.booleans()), max_size=50)


@given(looks, st.sampled_from([0.0, 600.0, HOUR]))
def test_whatever_happens_a_sink_hears_fires_and_clears_in_turn_and_no_more_often_than_it_wants(
    looks: Sequence[tuple[float, bool]], repeat: float
) -> None:
    now, states = NOW, dict[str, State]()
    heard: list[tuple[float, Phase]] = []
    for pause, silent in looks:
        now += pause
        seen = Seen((), (ProgramSeen("worker", now - 90 if silent else now, now),))
        states, changes = step(states, seen, BOUNDS, now)
        states, due = notices(states, changes, {"pager": sink(repeat=Seconds(repeat))}, now)
        heard += [(now, one.phase) for one_due in due for one in one_due.states]
        # What fires has been told
        assert all(one.told for one in states.values() if one.phase is Phase.FIRING)
    for (before, earlier), (after, later) in zip([(0.0, Phase.RESOLVED), *heard], heard, strict=False):
        if later is Phase.RESOLVED:
            assert earlier is Phase.FIRING
        elif earlier is Phase.FIRING:
            assert repeat > 0
            assert after - before >= repeat


def test_the_alerts_that_settings_may_name_are_those_that_there_are() -> None:
    names = set(SEVERITIES)
    assert names == set(get_args(AlertName))
