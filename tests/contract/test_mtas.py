"""Several MTAs with one Redis: the register, all of them seen as one, and who tells of one that is silent."""

from __future__ import annotations

import pytest
from msgspec import structs

from lanes.config import Settings
from lanes.config.load import parse
from lanes.life import Result, State
from lanes.message import Record
from lanes.services.lead import Lead
from lanes.services.watch import Watch
from lanes.sla.histogram import bucket
from lanes.sla.notices import Due, Notice, still_true
from lanes.sla.period import Measure, Period
from lanes.store.alerts import Alerts
from lanes.store.keys import ALL, Keys, SharedKeys
from lanes.store.leader import who_leads
from lanes.store.mtas import REMEMBERED, Mtas, of, together
from lanes.store.settling import Settlement
from lanes.store.standing import Standing
from lanes.store.store import Candidate, Store
from lanes.store.views import LaneStatus, Views

NOW = 1_000_000.0
RUNNING = ("manager", "worker", "tracker")


@pytest.fixture
def mtas(store: Store, settings: Settings) -> Mtas:
    return Mtas(store, settings)


def store_of(store: Store, settings: Settings, mta: str) -> Store:
    return Store(store.client, of(settings, mta))


def lead_of(store: Store, settings: Settings, mta: str) -> Lead:
    return Lead(of(settings, mta), store_of(store, settings, mta))


def beat(store: Store, now: float, *programs: str) -> None:
    for program in programs:
        store.beat(program, now)


def told(lead: Lead, now: float) -> list[str]:
    return sorted(f"{change.phase} {change.alert.identity}" for change in lead.turn(now))


def silences(phase: str, mta: str) -> list[str]:
    return sorted(f'{phase} silent{{mta="{mta}",program="{program}"}}' for program in RUNNING)


def test_an_mta_is_in_the_register_until_it_was_silent_for_long(store: Store, settings: Settings, mtas: Mtas) -> None:
    # Given three MTAs, one of which was heard of long ago
    for name, at in (("old", NOW + 1 - REMEMBERED), ("new", NOW), ("mx1", NOW)):
        Mtas(store_of(store, settings, name), of(settings, name)).heard(at)
    assert mtas.names() == ["mx1", "new", "old"]
    # When another one is heard of a while later
    mtas.heard(NOW + 1)
    # Then the old one is forgotten
    assert mtas.names() == ["mx1", "new"]


def test_who_asks_is_there_even_if_its_manager_never_was(mtas: Mtas) -> None:
    assert mtas.names() == ["mx1"]
    assert [lane.lane for lane in mtas.status(NOW)] == ["priority", "normal", "bulk"]


def test_lanes_of_all_mtas_add_up(store: Store, settings: Settings, mtas: Mtas) -> None:
    # Given mail of two MTAs, with the same ids
    for name, age, seconds in (("mx1", 10.0, 1.0), ("mx2", 30.0, 3.0)):
        other = store_of(store, settings, name)
        Mtas(other, of(settings, name)).heard(NOW)
        for number in range(3):
            record = Record("priority", NOW - age, NOW + 300, "example.com", 1, "", f"{number}@b.c", "hello")
            other.admit(f"id{number}", [Candidate(record)], NOW - age)
        other.settle([Settlement("id0", Result.DELIVERED, NOW, seconds)])
    # When all lanes are looked at
    priority, normal, _ = mtas.status(NOW)
    # Then counts add up, the oldest is the oldest of all, and percentiles are of all deliveries
    assert (priority.depth, priority.states[State.INFLIGHT], priority.oldest) == (4, 4, 30.0)
    assert (priority.totals["accepted"], priority.totals["delivered"]) == (6, 2)
    assert priority.lately.percentile(Measure.QUEUE, 0.5) == pytest.approx(1.0, rel=0.01)
    assert priority.lately.percentile(Measure.QUEUE, 1.0) == pytest.approx(3.0, rel=0.01)
    assert (normal.depth, normal.oldest) == (0, None)
    # And each is as it was
    assert Views(store, settings).status(NOW)[0].depth == 2


def test_nothing_but_counts_is_added_up() -> None:
    empty = LaneStatus("bulk", dict.fromkeys(State, 0), None, {"accepted": 0}, Period())
    full = LaneStatus("bulk", dict.fromkeys(State, 2), 5.0, {"accepted": 7}, Period({f"q{bucket(1.0)}": 3}))
    assert together([empty, full]) == full
    assert together([full, full]).depth == 2 * full.depth


@pytest.mark.parametrize(("alive", "watched"), [
    ((), RUNNING),
    (("worker", "tracker"), RUNNING),
    (("manager",), ()),
    (RUNNING, ()),
])  # fmt: skip
def test_only_who_has_no_manager_is_watched_by_the_leader(
    store: Store, settings: Settings, mtas: Mtas, alive: tuple[str, ...], watched: tuple[str, ...]
) -> None:
    # Given an MTA with all its programs, and another one with some
    other = store_of(store, settings, "mx2")
    Mtas(other, of(settings, "mx2")).heard(NOW)
    beat(store, NOW, *RUNNING)
    beat(other, NOW - settings.alerts.silent_after, *RUNNING)
    beat(other, NOW, *alive)
    # When the leader looks
    seen = mtas.seen(NOW)
    # Then it sees all programs of the other one, or none, and no lanes: those have stood still
    assert [(one.mta, one.program) for one in seen.programs] == [("mx2", program) for program in watched]
    assert seen.lanes == ()


def test_a_silent_mta_is_told_of_once_by_the_leader_and_cleared_when_it_is_back(
    store: Store, settings: Settings, mtas: Mtas
) -> None:
    # Given two MTAs, whose managers take their turns
    first, second = (lead_of(store, settings, name) for name in ("mx1", "mx2"))
    other = store_of(store, settings, "mx2")
    for at in range(10):
        beat(store, NOW + at, *RUNNING)
        beat(other, NOW + at, *RUNNING)
        assert told(first, NOW + at) == told(second, NOW + at) == []
    assert who_leads(store.client) == "mx1"
    # When one of them is not heard of for as long as it may be
    words = []
    for at in range(10, 100):
        beat(store, NOW + at, *RUNNING)
        words += told(first, NOW + at)
    # Then each of its programs is told of, once
    assert words == silences("firing", "mx2")
    summaries = {state.alert.labels["program"]: state.alert.summary for state in mtas.firing(NOW + 100)}
    assert summaries["manager"].startswith("nothing was heard of the manager of mx2 for 1m")
    # And when it is back, that is told, too
    words = []
    for at in range(100, 200):
        beat(store, NOW + at, *RUNNING)
        beat(other, NOW + at, *RUNNING)
        words += told(first, NOW + at)
    assert words == silences("resolved", "mx2")
    assert mtas.firing(NOW + 200) == []


def test_who_takes_over_the_lead_tells_nothing_again(store: Store, settings: Settings) -> None:
    # Given a leader that has told of a silent MTA
    first, second = (lead_of(store, settings, name) for name in ("mx1", "mx2"))
    Mtas(store_of(store, settings, "mx3"), of(settings, "mx3")).heard(NOW)
    words = []
    for at in range(100):
        for name in ("mx1", "mx2"):
            beat(store_of(store, settings, name), NOW + at, *RUNNING)
        words += told(first, NOW + at) + told(second, NOW + at)
    assert words == silences("firing", "mx3")
    # When it is stopped, another leads, and then it wakes up
    store.client.delete(SharedKeys.leader)
    after = []
    for at in range(100, 150):
        for name in ("mx1", "mx2"):
            beat(store_of(store, settings, name), NOW + at, *RUNNING)
        after += told(second, NOW + at)
    assert who_leads(store.client) == "mx2"
    after += told(first, NOW + 150)
    # Then neither tells it again
    assert after == []


def test_what_is_wrong_anywhere_is_seen_together(store: Store, settings: Settings, mtas: Mtas) -> None:
    # Given an MTA with a full lane, and another one that is silent
    Mtas(store_of(store, settings, "mx2"), of(settings, "mx2")).heard(NOW)
    for number in range(settings.lanes["priority"].max_size):
        record = Record("priority", NOW, NOW + 300, "example.com", 1, "", f"{number}@b.c", "hello")
        store.admit(f"id{number}", [Candidate(record)], NOW)
    watch = Watch(settings, Alerts(store, settings))
    for at in range(20):
        beat(store, NOW + at, *RUNNING)
        watch.turn(NOW + at)
    # When somebody asks, at any MTA
    firing = {state.alert.identity for state in mtas.firing(NOW + 20)}
    # Then it is all there, each with its MTA, whether or not a leader has told of it yet
    assert firing == {
        'full{lane="priority",mta="mx1"}', 'filling{lane="priority",mta="mx1"}',
        *(f'silent{{mta="mx2",program="{program}"}}' for program in RUNNING),
    }  # fmt: skip


def test_sinks_are_told_in_the_name_of_all(store: Store, settings: Settings) -> None:
    # Given a sink, and an MTA that is silent
    sinks = parse('[alerts.sinks.log]\nkind = "log"').alerts.sinks
    settings = structs.replace(settings, alerts=structs.replace(settings.alerts, sinks=sinks))
    Mtas(store_of(store, settings, "mx2"), of(settings, "mx2")).heard(NOW)
    # When the leader tells of it
    told: list[Due] = []
    lead = Lead(settings, store, lambda due, _: told.extend(due))
    for at in range(100):
        beat(store, NOW + at, *RUNNING)
        lead.turn(NOW + at)
    # Then the sink is to be told, once, and whoever carries it out finds it still so under the name of all
    assert [due.sink for due in told] == ["log"]
    (due,) = told
    notice = Notice("0" * 32, of(settings, ALL).mta.name, NOW, due.states)
    assert still_true(notice, Standing(store.client, Keys(ALL).alerts).states()) == due.states
