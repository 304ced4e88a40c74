"""What a stretch of the log means for each message in it, however it is cut and however often it is read."""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanes.life import Result
from lanes.message import Progress, Tries
from lanes.mta.port import Active, Attempt, Event, Expired, Outcome, Released, Removed, Requeued, Withheld
from lanes.services.fold import Change, fold, result, settlement

ID = "4jYTDZ4h8gzJC7V"
OTHER = "4jYTDZ4h8hzJC7W"


def attempt(outcome: Outcome, at: float = 1.0, delay: float = 5.0, id: str = ID) -> Attempt:
    return Attempt(id, at, "r@example.com", outcome, "smtp", "none", delay, (0, 0, 0, delay), "2.0.0", "ok")


SENT, DEFERRED, BOUNCED = (attempt(outcome) for outcome in (Outcome.SENT, Outcome.DEFERRED, Outcome.BOUNCED))
ACTIVE, RELEASED, WITHHELD = Active(ID, 1.0, 1), Released(ID, 1.0), Withheld(ID, 1.0)
EXPIRED, REMOVED, DELETED = Expired(ID, 1.0), Removed(ID, 1.0, by_hand=False), Removed(ID, 1.0, by_hand=True)


def change(*events: Event) -> Change:
    return fold(events)[0][ID]


@pytest.mark.parametrize(
    ("events", "transition"),
    [
        ([ACTIVE], "start"),
        ([RELEASED], "start"),
        ([RELEASED, ACTIVE], "start"),
        ([ACTIVE, DEFERRED], "defer"),
        ([ACTIVE, DEFERRED, ACTIVE], "start"),
        ([ACTIVE, SENT], "start"),
        ([ACTIVE, DEFERRED, SENT], "defer"),
        ([ACTIVE, DEFERRED, WITHHELD], "withhold"),
        ([WITHHELD, RELEASED], "start"),
        ([SENT], None),
        ([BOUNCED], None),
        ([EXPIRED], None),
    ],
)
def test_the_last_event_that_moves_a_message_says_where_it_is(events: list[Event], transition: str | None) -> None:
    assert change(*events).transition == transition


@pytest.mark.parametrize(
    ("events", "progress"),
    [
        ([ACTIVE, DEFERRED], Progress()),
        ([attempt(Outcome.SENT, delay=3), attempt(Outcome.SENT, delay=7)], Progress(sent=7, transport="smtp")),
        ([attempt(Outcome.SENT, delay=7), attempt(Outcome.SENT, delay=3)], Progress(sent=7, transport="smtp")),
        ([SENT, BOUNCED], Progress(sent=5, bounced=True, transport="smtp")),
        ([DEFERRED, EXPIRED], Progress(expired=True)),
        ([Released(ID, 7.0), ACTIVE, SENT], Progress(sent=5, released=7.0, transport="smtp")),
        ([Released(ID, 7.0), Released(ID, 9.0)], Progress(released=9.0)),
        ([WITHHELD, RELEASED], Progress(withheld=True, released=1.0)),
    ],
)
def test_what_became_of_the_recipients_adds_up(events: list[Event], progress: Progress) -> None:
    assert change(*events).progress == progress
    assert change(*events).tells == (progress != Progress())


#: Three rounds of a message with two recipients, ten seconds each and a pause of thirty between them.
ROUNDS = [attempt(Outcome.DEFERRED, at=40.0 * n + second, delay=second) for n in (1, 2, 3) for second in (4, 10)]


@given(st.lists(st.integers(0, len(ROUNDS)), max_size=6), st.lists(st.integers(0, len(ROUNDS)), max_size=6))
def test_a_round_counts_once_however_the_log_is_cut_and_read_again(starts: list[int], ends: list[int]) -> None:
    # Given a log of which stretches are read, in order or again, and then its whole
    tries = Tries()
    for start, end in [*((min(pair), max(pair)) for pair in zip(starts, ends, strict=False)), (0, len(ROUNDS))]:
        tries = tries.after(fold(ROUNDS[start:end])[0].get(ID, Change()).deferrals)
    # Then each round counts, if none was left out before a later one
    assert tries.ended == 130.0
    assert tries.count == 3 or any(start > 0 for start in starts)
    assert tries.count <= 3


@pytest.mark.parametrize(
    ("progress", "by_hand", "how"),
    [
        (Progress(sent=5), False, Result.DELIVERED),
        (Progress(sent=5, bounced=True), False, Result.BOUNCED),
        (Progress(sent=5, bounced=True, expired=True), False, Result.EXPIRED),
        (Progress(), False, Result.GONE),
        (Progress(sent=5), True, Result.GONE),
    ],
)
def test_a_message_ends_by_the_worst_that_befell_a_recipient(progress: Progress, by_hand: bool, how: Result) -> None:
    assert result(progress, by_hand) == how


@pytest.mark.parametrize(
    ("progress", "queue_seconds", "released"),
    [
        (Progress(sent=5), 5, None),
        (Progress(sent=5, released=7.0), 5, 7.0),
        (Progress(sent=5, released=7.0, withheld=True), 5, None),
        (Progress(sent=5, before=60.0), 65, None),
        (Progress(sent=5, bounced=True, released=7.0), None, None),
        (Progress(sent=5, expired=True), None, None),
        (Progress(), None, None),
    ],
)
def test_only_what_was_delivered_to_all_is_measured_and_only_our_own_hold(
    progress: Progress, queue_seconds: float | None, released: float | None
) -> None:
    end = settlement(ID, progress, 10.0)
    assert (end.queue_seconds, end.released) == (queue_seconds, released)


def test_removal_ends_it_and_says_by_whom() -> None:
    assert (change(ACTIVE, SENT).removed, change(ACTIVE, SENT, REMOVED).removed) == (False, True)
    assert (change(REMOVED).by_hand, change(DELETED).by_hand) == (False, True)


def test_messages_are_kept_apart_and_requeued_ones_are_told_in_order() -> None:
    requeued = [Requeued(ID, 1.0, OTHER), Requeued(OTHER, 2.0, "4jYTDZ4h8jzJC7X")]
    changes, moved = fold([ACTIVE, requeued[0], Active(OTHER, 1.5, 1), requeued[1], attempt(Outcome.SENT, id=OTHER)])
    assert set(changes) == {ID, OTHER}
    assert (changes[ID].progress, changes[OTHER].progress) == (Progress(), Progress(sent=5, transport="smtp"))
    assert moved == requeued


def test_a_change_is_as_old_as_its_last_event() -> None:
    assert change(Active(ID, 3.0, 1), attempt(Outcome.DEFERRED, at=8.0)).at == 8.0


@st.composite
def stretches(draw: st.DrawFn) -> list[Event]:
    """Events of one message, in order of time, its removal last."""
    outcomes = st.sampled_from(Outcome)
    kinds = draw(st.lists(st.sampled_from([Active, Released, Withheld, Expired, Attempt]), min_size=1, max_size=12))
    clock = count(1)
    events: list[Event] = []
    for kind in kinds:
        at = float(next(clock))
        if kind is Attempt:
            events.append(attempt(draw(outcomes), at, draw(st.floats(0, 1e6))))
        else:
            events.append(Active(ID, at, 1) if kind is Active else kind(ID, at))
    return [*events, Removed(ID, float(next(clock)), draw(st.booleans()))] if draw(st.booleans()) else events


@given(stretches(), st.integers(0, 12))
def test_a_stretch_may_be_cut_anywhere(events: list[Event], cut: int) -> None:
    # Given a stretch that is read as a whole, and one that is read in two
    whole = change(*events)
    parts = [fold(part)[0].get(ID, Change()) for part in (events[:cut], events[cut:])]
    # Then the parts tell the same
    assert parts[0].progress.merged(parts[1].progress) == whole.progress
    assert (parts[1].transition or parts[0].transition) == whole.transition
    assert any(part.removed for part in parts) == whole.removed
    assert any(part.by_hand for part in parts) == whole.by_hand


@given(stretches())
def test_a_stretch_may_be_read_twice(events: list[Event]) -> None:
    once, twice = change(*events), change(*events, *events)
    assert once == twice
    assert once.progress.merged(twice.progress) == once.progress
