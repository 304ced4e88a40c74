"""The message's life in Redis, on Valkey and on Debian's Redis: every transition, and no other."""

from __future__ import annotations

import itertools
from typing import cast

import pytest
from msgspec import structs

from lanes.config import Settings
from lanes.life import LIVE, TRANSITIONS, Result, State
from lanes.message import Evidence, Progress, Record
from lanes.schedule.view import Wave
from lanes.services.manager import Manager
from lanes.store.settling import Settlement
from lanes.store.store import CHUNK, Candidate, Store
from lanes.store.views import Views

NOW = 1_000_000.0


def record(lane: str, deadline: float = NOW + 3600, domain: str = "example.com", accepted: float = NOW) -> Record:
    return Record(lane, accepted, deadline, domain, 1, "", "a@b.c", "hello", (Evidence("r", "s", "t"),))


def candidates(*records: Record) -> list[Candidate]:
    return [Candidate(one) for one in records]


def hold(store: Store, *ids: str, lane: str = "bulk", domain: str = "example.com", deadline: float = NOW + 86400,
         at: float = NOW) -> None:
    for id in ids:
        assert store.admit(id, candidates(record(lane, deadline, domain, at)), at).action == "hold"


def test_priority_passes_bulk_is_held_and_normal_passes_while_there_is_room(store: Store, views: Views) -> None:
    # When one message of each lane is admitted
    actions = {lane: store.admit(lane, candidates(record(lane)), NOW).action for lane in ("priority", "normal", "bulk")}
    # Then each gets what its lane's hold policy says
    assert actions == {"priority": "pass", "normal": "pass", "bulk": "hold"}
    assert [views.state_of(id) for id in actions] == [State.INFLIGHT, State.INFLIGHT, State.HELD]


def test_a_redis_that_forgot_its_scripts_is_sent_them_again(store: Store) -> None:
    # Given a message that was admitted, and a Redis that no longer knows the script
    store.admit("a", candidates(record("priority")), NOW)
    store.client.script_flush()
    # When others come
    actions = [store.admit(id, candidates(record("priority")), NOW).action for id in ("b", "c")]
    # Then nobody noticed, and no connection was kept
    assert actions == ["pass", "pass"]
    (_idle, _), (used, _) = store.client.connection_pool.get_connection_count()
    assert used == 0


def test_normal_is_held_while_the_window_is_full_and_behind_what_is_held(store: Store) -> None:
    # Given a full window
    for number in range(3):
        store.admit(f"full{number}", candidates(record("priority")), NOW)
    for number in range(3, 10):
        store.admit(f"bulk{number}", candidates(record("bulk")), NOW)
        store.move("start", [f"bulk{number}"], NOW)
    # When normal mail comes
    held = store.admit("n1", candidates(record("normal")), NOW).action
    # And the window opens again
    store.move("defer", [f"bulk{number}" for number in range(3, 10)], NOW)
    behind = store.admit("n2", candidates(record("normal")), NOW).action
    # Then it waits in both cases: the second must not overtake the first
    assert (held, behind) == ("hold", "hold")


def test_a_full_lane_demotes_refuses_or_passes(store: Store, views: Views) -> None:
    # Given a full priority lane (3) and a full normal lane (5)
    for number in range(3):
        store.admit(f"p{number}", candidates(record("priority")), NOW)
    for number in range(4):
        store.admit(f"n{number}", candidates(record("normal")), NOW)
    # When more priority mail comes, which may go down to normal
    demoted = store.admit("p3", candidates(record("priority"), record("normal")), NOW)
    full = store.admit("p4", candidates(record("priority"), record("normal")), NOW)
    # Then the first is demoted, and the second is told to come back, as normal's overflow says
    assert (demoted.action, demoted.record.lane) == ("pass", "normal")
    assert (full.action, full.record.lane) == ("defer", "normal")
    assert views.state_of("p4") == ""
    # And the last candidate of a lane that demotes lets it pass
    assert store.admit("p5", candidates(record("priority")), NOW).action == "pass"


def test_a_sender_over_its_quota_is_demoted_and_says_so(store: Store) -> None:
    # Given a quota of two at once and one more each half minute
    first, over = record("priority"), structs.replace(record("normal"), subject="over quota")
    way = [Candidate(first), Candidate(record("normal"), over)]
    admitted = [store.admit(f"q{n}", way, NOW).record for n in range(2)]
    store.settle([Settlement(id, Result.DELIVERED, NOW, 0.1) for id in ("q0", "q1")])
    # When a third comes at once, one from another sender, and one half a minute later
    third = store.admit("q3", way, NOW).record
    other = store.admit("q4", candidates(structs.replace(first, sender="other@b.c"), over), NOW).record
    later = store.admit("q5", way, NOW + 30).record
    # Then only the third goes down
    assert [r.lane for r in (*admitted, third, other, later)] == ["priority"] * 2 + ["normal"] + ["priority"] * 2
    assert third.subject == "over quota"
    assert store.records(["q3"])["q3"] == over


def test_to_watch_is_to_let_everything_pass(store: Store) -> None:
    for number in range(9):
        lane = ("priority", "normal", "bulk")[number % 3]
        assert store.admit(f"w{number}", candidates(record(lane)), NOW, watch=True).action == "pass"


def test_admitting_a_known_id_again_changes_nothing(store: Store, views: Views) -> None:
    hold(store, "a")
    assert store.admit("a", candidates(record("priority")), NOW).action == "known"
    assert views.state_of("a") == State.HELD


def test_a_claim_takes_by_deadline_in_an_unbatched_lane(store: Store) -> None:
    # Given held normal mail, admitted in another order than its deadlines
    store.admit("first", candidates(record("bulk")), NOW)
    lane = Wave("normal", "", 2, "turn")
    for number in range(10):
        store.admit(f"x{number}", candidates(record("bulk")), NOW)
        store.move("start", [f"x{number}"], NOW)
    for id, deadline in (("late", 30.0), ("early", 10.0), ("middle", 20.0)):
        assert store.admit(id, candidates(record("normal", NOW + deadline)), NOW).action == "hold"
    # When two are claimed
    # Then they are the two with the earliest deadlines, in order
    assert store.claim(lane, NOW + 30) == ["early", "middle"]
    assert store.claim(lane, NOW + 30) == ["late"]
    assert store.claim(lane, NOW + 30) == []


def test_a_claim_takes_a_domains_oldest_after_the_named(store: Store) -> None:
    for number, id in enumerate("abcd"):
        hold(store, id, at=NOW + number)
    hold(store, "other", domain="example.net")
    assert store.claim(Wave("bulk", "example.com", 3, "deadline", ("d", "nobody")), NOW + 30) == ["d", "a", "b"]


def test_a_claim_of_named_ids_takes_no_others(store: Store) -> None:
    hold(store, "a", "b", "c")
    assert store.claim(Wave("bulk", "example.com", 3, "hand", ("b",)), NOW + 30, fill=False) == ["b"]


def test_a_claim_that_runs_out_is_held_again_and_not_before(store: Store, views: Views) -> None:
    # Given a claim until NOW + 30
    hold(store, "a")
    store.claim(Wave("bulk", "example.com", 1, "size"), NOW + 30)
    # Then it is not given back while it stands
    assert store.expired_claims(NOW + 29) == []
    assert store.unclaim(["a"], lease_before=NOW + 29) == 0
    # And is given back, with its place in the batch, when it has run out
    assert store.expired_claims(NOW + 30) == ["a"]
    assert store.unclaim(["a"], lease_before=NOW + 30) == 1
    assert views.state_of("a") == State.HELD
    assert store.claim(Wave("bulk", "example.com", 1, "size"), NOW + 90) == ["a"]


def test_only_claimed_ids_are_said_to_be_claimed(store: Store) -> None:
    hold(store, "a", "b")
    store.claim(Wave("bulk", "example.com", 1, "hand", ("a",)), NOW + 30, fill=False)
    assert store.claimed(["a", "b", "unknown"]) == ["a"]


def test_a_settled_message_counts_once_and_is_remembered(store: Store, views: Views) -> None:
    # Given a message in flight
    store.admit("p", candidates(record("priority", NOW + 300)), NOW)
    end = Settlement("p", Result.DELIVERED, NOW + 2, 2.0)
    # When its end is told twice
    first, second = store.settle([end]), store.settle([end])
    assert [ended for ended, _ in first] == [end]
    assert second == []
    # Then it counts once, in time, and its record is still there
    priority = views.status(NOW + 3)[0]
    assert (priority.depth, priority.totals["delivered"], priority.totals["kept"]) == (0, 1, 1)
    assert priority.lately.messages == 1
    assert views.state_of("p") == "settled"
    # And no late event brings it back to life
    assert store.move("start", ["p"], NOW) == store.move("defer", ["p"], NOW) == 0


def test_a_delivery_after_the_deadline_is_missed_and_a_bounce_is_neither(store: Store, views: Views) -> None:
    store.admit("late", candidates(record("priority", NOW + 300)), NOW)
    store.admit("bounced", candidates(record("priority", NOW + 300)), NOW)
    store.settle([Settlement("late", Result.DELIVERED, NOW + 400, 400.0), Settlement("bounced", Result.BOUNCED, NOW)])
    totals = views.status(NOW)[0].totals
    assert (totals["kept"], totals["missed"], totals["bounced"]) == (0, 1, 1)


def test_ends_that_are_told_together_are_each_counted_in_its_lane(store: Store, views: Views) -> None:
    # Given mail in two lanes
    for id, lane in (("p1", "priority"), ("p2", "priority"), ("b1", "bulk")):
        store.admit(id, candidates(record(lane)), NOW)
    # When many ends are told at once, some of them twice or of what nobody knows
    sent = [Settlement(id, Result.DELIVERED, NOW + 2, 2.0) for id in ("p1", "b1", "p1", "unknown")]
    settled = store.settle([*sent, Settlement("p2", Result.BOUNCED, NOW + 70)])
    # Then each message has ended once
    assert sorted(end.id for end, _ in settled) == ["b1", "p1", "p2"]
    status = {lane.lane: lane for lane in views.status(NOW + 80)}
    assert [status["priority"].totals[what] for what in ("delivered", "bounced")] == [1, 1]
    assert [status[lane].lately.messages for lane in ("priority", "bulk")] == [1, 1]


def test_what_was_deferred_before_its_release_was_confirmed_stays_so(store: Store, views: Views) -> None:
    # Given a held message that is claimed, and an MTA that is faster than who releases it
    hold(store, "b")
    assert store.claim(Wave("bulk", "example.com", 1, "size"), NOW + 30) == ["b"]
    store.move("start", ["b"], NOW + 1)
    store.move("defer", ["b"], NOW + 2)
    # When the release is confirmed, Then nothing changes: it would else count as in flight, and hold up its domain
    assert store.move("confirm", ["b"], NOW + 3) == 0
    assert views.state_of("b") == State.DEFERRED
    # And what the log has not told of yet is in flight
    hold(store, "c")
    assert store.claim(Wave("bulk", "example.com", 1, "size"), NOW + 30) == ["c"]
    assert store.move("confirm", ["c"], NOW + 4) == 1
    assert views.state_of("c") == State.INFLIGHT


def test_progress_is_merged_and_forgotten_when_settled(store: Store) -> None:
    store.admit("p", candidates(record("priority")), NOW)
    store.note({"p": Progress(sent=2.0), "unknown": Progress(bounced=True)})
    store.note({"p": Progress(sent=1.0, bounced=True)})
    assert store.progress(["p", "unknown"]) == {"p": Progress(2.0, True), "unknown": Progress()}
    store.settle([Settlement("p", Result.BOUNCED, NOW)])
    assert store.progress(["p"]) == {"p": Progress()}


def test_a_requeued_message_lives_on_under_its_new_id(store: Store, views: Views) -> None:
    hold(store, "old")
    store.note({"old": Progress(sent=1.0)})
    assert store.requeue("old", "new", NOW)
    assert (views.state_of("old"), views.state_of("new")) == ("", State.INFLIGHT)
    assert store.progress(["new"]) == {"new": Progress(sent=1.0)}
    assert not store.requeue("old", "newer", NOW)
    assert deadlines(store, "bulk") == {"new": NOW + 86400}


def test_settled_messages_are_forgotten_by_age_and_number(store: Store, views: Views) -> None:
    for number in range(3):
        store.admit(str(number), candidates(record("priority")), NOW)
        store.settle([Settlement(str(number), Result.DELIVERED, NOW + number, 1.0)])
    assert store.prune(NOW + 86400 + 1.5) == 2
    assert [views.state_of(str(n)) for n in range(3)] == ["", "", "settled"]


def test_more_settled_messages_than_go_at_once_are_forgotten_tick_by_tick(store: Store, settings: Settings) -> None:
    # Given what a busy MTA settles within a minute, all of it old enough to be forgotten
    ids = [f"old{number}" for number in range(2 * CHUNK + 1)]
    store.client.zadd(store.keys.settled, dict.fromkeys(ids, NOW))
    store.client.hset(store.keys.records, mapping=dict.fromkeys(ids, b"packed"))
    # When the manager ticks, as it does within a second
    manager = Manager(settings, store, lambda _: None, lambda _: None)
    later = NOW + settings.manager.settled_for + 1
    left = []
    for tick in range(3):
        manager.tick(later + tick * settings.manager.tick)
        left.append(store.client.zcard(store.keys.settled))
    # Then a part of them is forgotten in each tick, until none is left
    assert left == [CHUNK + 1, 1, 0]
    assert store.client.hlen(store.keys.records) == 0


def test_records_that_are_not_ours_are_unknown(store: Store) -> None:
    # Given records that somebody else wrote, one of them of a message that is held
    hold(store, "held")
    store.client.hset(store.keys.records, mapping={"junk": b"\xff\x00", "list": b"\x90", "held": b"\xc1"})
    # Then they are unknown, and keep nobody from the others
    assert store.records(["junk", "list", "held"]) == {}
    assert store.move("start", ["junk"], NOW) == 0
    assert store.claim(Wave("bulk", "example.com", 1, "size"), NOW + 30) == ["held"]
    assert deadlines(store, "bulk") == {"held": NOW + 86400}


def test_names_that_are_not_ours_keep_no_message_from_leaving(store: Store) -> None:
    # Given a held message, and in front of it what somebody else wrote: in its batch, and among what is claimed
    hold(store, "held")
    junk = [b"\xff\xfe", b"", b"nobody"]
    store.client.zadd(store.keys.batch("bulk", "example.com"), dict.fromkeys(junk, 0.0))
    store.client.zadd(store.keys.state(State.RELEASING, "bulk"), dict.fromkeys(junk, NOW))
    # When its domain's turn comes again and again
    waves = [store.claim(Wave("bulk", "example.com", 2, "size"), NOW + 30) for _ in range(2)]
    # Then it leaves, and what ran out is told as it is
    assert waves == [[], ["held"]]
    assert sorted(store.expired_claims(NOW)) == ["", "nobody", "\udcff\udcfe"]


def test_a_window_that_is_no_number_is_the_first_one(store: Store) -> None:
    store.client.hset(store.keys.window, "size", b"\xffnan?")
    assert store.admit("a", candidates(record("normal")), NOW).action == "pass"


@pytest.mark.parametrize("batched", ["bulk", "normal"])
@pytest.mark.parametrize(("transition", "start"), [*itertools.product(["start", "defer", "withhold", "keep"], LIVE)])
def test_a_transition_starts_only_where_the_table_says(
    store: Store, views: Views, transition: str, start: State, batched: str
) -> None:
    # Given a message in some state
    sources, target = TRANSITIONS[transition]
    bring_into(store, "m", batched, start)
    # When the transition is asked for
    moved = store.move(transition, ["m"], NOW)  # type: ignore[arg-type] # parametrized over the three
    # Then it happens exactly if the table has it, and nothing is left behind
    assert moved == (start in sources)
    assert views.state_of("m") == (target if moved else start)
    assert_consistent(store, batched)


def bring_into(store: Store, id: str, lane: str, state: State) -> None:
    """A message of a lane in a state, whatever the lane's hold policy."""
    store.admit("filler", candidates(record("normal")), NOW)
    for number in range(12):
        store.admit(f"f{number}", candidates(record("bulk", domain="fill")), NOW)
        store.move("start", [f"f{number}"], NOW)
    assert store.admit(id, candidates(record(lane)), NOW).action == "hold"
    if state is State.RELEASING:
        store.claim(Wave(lane, "example.com" if lane == "bulk" else "", 1, "hand", (id,)), NOW + 30, fill=False)
    elif state is not State.HELD:
        name = {State.INFLIGHT: "start", State.DEFERRED: "defer", State.WITHHELD: "withhold", State.KEPT: "keep"}[state]
        assert store.move(name, [id], NOW) == 1  # type: ignore[arg-type] # one of the three


def assert_consistent(store: Store, lane: str) -> None:
    """Each known id is in one state, and the indexes of domains and deadlines are what the sets say."""
    client, keys = store.client, store.keys
    members = [id for state in State for id in client.zrange(keys.state(state, lane), 0, -1)]
    assert len(members) == len(set(members))
    with_mta = [id for state in (State.RELEASING, State.INFLIGHT, State.DEFERRED)
                for id in cast("list[bytes]", client.zrange(keys.state(state, lane), 0, -1))]
    records = store.records(id.decode() for id in with_mta)
    assert deadlines(store, lane) == {id: record.deadline for id, record in records.items()}
    held = client.zrange(keys.state(State.HELD, lane), 0, -1)
    batched = client.zrange(keys.batch(lane, "example.com"), 0, -1) if lane == "bulk" else held
    assert set(held) == set(batched)
    size = client.zscore(keys.sizes(lane), "example.com")
    assert size == (len(held) if lane == "bulk" and held else None)


def deadlines(store: Store, lane: str) -> dict[str, float]:
    """What is with the MTA, and when it is due."""
    members = cast("list[tuple[bytes, float]]", store.client.zrange(store.keys.deadlines(lane), 0, -1, withscores=True))
    return {id.decode(): deadline for id, deadline in members}
