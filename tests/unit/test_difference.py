"""What differs between spool and Redis, and as what a message is taken in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanes.config.load import parse
from lanes.life import TRANSITIONS, State
from lanes.mta.port import Hold, Marks, Queue
from lanes.services.difference import adopted, difference, record_of
from lanes.store.inventory import Known

SETTINGS = parse("")
NOW = 1_800_000_000.0
PATIENCE = 60.0
LONG_AGO, JUST_NOW = NOW - 3600, NOW - 1


def wrong(state: State, queue: Queue, score: float = LONG_AGO) -> str:
    """The transition that would be made for a message that is so known and there."""
    differs = difference({"id": Known(state, score)}, {"id": queue}, NOW, PATIENCE)
    return next(iter(differs.wrong), "")


def test_nothing_differs_where_redis_and_spool_agree() -> None:
    agreeing = {
        State.HELD: Queue.HOLD, State.RELEASING: Queue.HOLD, State.KEPT: Queue.HOLD, State.WITHHELD: Queue.HOLD,
        State.INFLIGHT: Queue.ACTIVE, State.DEFERRED: Queue.DEFERRED,
    }
    known = {state.value: Known(state, LONG_AGO) for state in agreeing}
    assert difference(known, {state.value: queue for state, queue in agreeing.items()}, NOW, PATIENCE) == ([], [], {})


def test_what_only_one_side_has_is_unknown_or_missing() -> None:
    # Given mail in the spool only, in no order, in both, and in Redis only
    spool = {"b": Queue.HOLD, "both": Queue.HOLD, "a": Queue.DEFERRED}
    differs = difference({"both": Known(State.HELD, NOW), "gone": Known(State.HELD, NOW)}, spool, NOW, PATIENCE)
    # Then each is told, what is unknown in the order of ids that rise with time
    assert differs == (["a", "b"], ["gone"], {})


@pytest.mark.parametrize("queue", [Queue.ACTIVE, Queue.DEFERRED])
@pytest.mark.parametrize("state", [State.HELD, State.WITHHELD, State.KEPT])
def test_what_is_off_hold_without_our_knowing_has_started(state: State, queue: Queue) -> None:
    assert wrong(state, queue) == "start"


@pytest.mark.parametrize("state", [State.INFLIGHT, State.DEFERRED])
def test_what_is_on_hold_without_our_knowing_is_withheld(state: State) -> None:
    assert wrong(state, Queue.HOLD) == "withhold"


def test_what_waits_for_its_next_try_is_not_in_flight() -> None:
    assert wrong(State.INFLIGHT, Queue.DEFERRED) == "defer"


@pytest.mark.parametrize("queue", list(Queue))
def test_a_claim_is_the_workers_wherever_the_message_is(queue: Queue) -> None:
    assert wrong(State.RELEASING, queue) == ""


@pytest.mark.parametrize("state", list(State))
def test_what_is_incoming_is_on_its_way(state: State) -> None:
    assert wrong(state, Queue.INCOMING) == ""


def test_late_news_is_waited_for() -> None:
    assert wrong(State.INFLIGHT, Queue.HOLD, JUST_NOW) == ""
    assert wrong(State.WITHHELD, Queue.ACTIVE, JUST_NOW) == ""
    # A held message's score is its deadline, and says nothing about since when
    assert wrong(State.HELD, Queue.ACTIVE, JUST_NOW) == "start"


Ids = st.sampled_from([f"id{number}" for number in range(8)])
Knowns = st.dictionaries(Ids, st.builds(Known, st.sampled_from(list(State)), st.floats(NOW - 1000, NOW + 1000)))
Spools = st.dictionaries(Ids, st.sampled_from(list(Queue)))


@given(Knowns, Spools)
def test_every_id_is_told_once_at_most_and_every_transition_is_allowed(
    known: dict[str, Known], spool: dict[str, Queue]
) -> None:
    differs = difference(known, spool, NOW, PATIENCE)
    told = [*differs.unknown, *differs.missing, *(id for ids in differs.wrong.values() for id in ids)]
    assert len(told) == len(set(told))
    assert set(differs.unknown) == spool.keys() - known.keys()
    assert set(differs.missing) == known.keys() - spool.keys()
    for transition, ids in differs.wrong.items():
        assert all(known[id].state in TRANSITIONS[transition][0] for id in ids)


def marks(**given: object) -> Marks:
    usual: dict[str, object] = {
        "queue": Queue.HOLD, "hold": Hold.OURS, "arrived": LONG_AGO, "sender": "a@b.example",
        "recipients": ("r@one.example", "s@two.example", "t@TWO.example"), "subject": "=?utf-8?q?Gr=C3=BC=C3=9Fe?=",
        "lane": "bulk", "deadline": "2027-01-15T09:00:00.250Z", "relay": "economy",
    }
    return Marks(**{**usual, **given})  # type: ignore[arg-type] # a test's shorthand


def state(**given: object) -> State | None:
    found = adopted("id", marks(**given), SETTINGS, NOW)
    return found.state if found else None


def test_held_mail_is_taken_in_under_its_own_deadline() -> None:
    # When a held message is taken in
    found = adopted("id", marks(), SETTINGS, NOW)
    # Then it is what the filter made of it
    assert found is not None
    assert (found.state, found.score) == (State.HELD, 1_800_003_600.25)
    record = found.record
    assert (record.lane, record.accepted, record.deadline) == ("bulk", LONG_AGO, 1_800_003_600.25)
    assert (record.domain, record.recipients, record.relay) == ("two.example", 3, "economy")
    assert (record.sender, record.subject) == ("a@b.example", "Grüße")


def test_where_and_by_whom_it_is_held_decides_as_what_it_is_taken_in() -> None:
    assert state(hold=Hold.KEPT) is State.KEPT
    assert state(hold=Hold.OTHER) is State.WITHHELD
    assert state(queue=Queue.DEFERRED, hold=None) is State.DEFERRED
    assert state(queue=Queue.ACTIVE, hold=None) is State.INFLIGHT


def test_what_our_filter_never_saw_is_not_ours() -> None:
    assert [state(lane="", queue=queue, hold=None) for queue in Queue] == [None] * 4
    assert state(lane="", hold=Hold.OTHER) is None


def test_our_own_mail_about_alerts_is_not_counted_here_either() -> None:
    assert [state(lane="priority", queue=queue, hold=None, alert="mx1") for queue in Queue] == [None] * 4


@pytest.mark.parametrize("queue", [Queue.ACTIVE, Queue.INCOMING])
def test_young_mail_that_passes_through_is_let_pass(queue: Queue) -> None:
    assert state(queue=queue, hold=None, arrived=JUST_NOW) is None
    assert state(queue=queue, hold=None, arrived=LONG_AGO) is State.INFLIGHT
    assert state(arrived=JUST_NOW) is State.HELD


def test_a_lane_that_is_no_more_and_a_deadline_that_is_none_become_the_defaults() -> None:
    record = record_of(marks(lane="express", deadline="soon"), SETTINGS)
    assert (record.lane, record.deadline) == ("normal", LONG_AGO + SETTINGS.lanes["normal"].sla)
    assert record.evidence[0].saw == "X-Lane: express"


def test_what_comes_from_the_network_is_made_printable() -> None:
    record = record_of(marks(sender="caf\udce9@b\n.example", subject="a\x00\udcffb" * 100), SETTINGS)
    assert record.sender.isprintable()
    assert record.subject.isprintable()
    assert len(record.subject) <= 80
