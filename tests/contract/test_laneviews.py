"""What the planner is shown of the lanes, on Valkey and on Debian's Redis."""

from __future__ import annotations

from collections.abc import Callable

from lanes.config import Settings
from lanes.config.load import parse
from lanes.life import State
from lanes.message import NO_DOMAIN, domain_of
from lanes.schedule.plan import plan
from lanes.schedule.view import LaneView, Wave
from lanes.services.manager import Manager
from lanes.store.inventory import Found, Inventory
from lanes.store.laneviews import LaneViews
from lanes.store.orders import Orders
from lanes.store.store import Store
from tests.contract.test_store import NOW, candidates, hold, record

WINDOW = 10


def look(laneviews: LaneViews, lane: str = "bulk", window: int = WINDOW, now: float = NOW) -> LaneView:
    return {view.lane: view for view in laneviews.look(window, now)}[lane]


def hold_normal(store: Store, settings: Settings, *ids: str, deadline: float, domain: str = "example.com") -> None:
    """Normal mail that is held, as if the window had been full when it came."""
    kept = record("normal", deadline, domain)
    Inventory(store, settings).adopt(Found(id, State.HELD, deadline, kept) for id in ids)


def round_trips(store: Store, work: Callable[[], object]) -> int:
    """How often the server was asked something; a short pipeline is asked at once."""
    before = store.client.info("stats")["total_reads_processed"]
    work()
    return int(store.client.info("stats")["total_reads_processed"]) - int(before) - 1


def test_the_planner_sees_full_waited_owed_and_near_domains(store: Store, laneviews: LaneViews) -> None:
    # Given a domain with a batch, one with old mail, one of which a batch has begun to leave, one with a near deadline
    hold(store, "f1", "f2", "f3", domain="full")
    hold(store, "w1", domain="waited", at=NOW - 3600)
    hold(store, "o1", "o2", "o3", domain="owed")
    store.claim(Wave("bulk", "owed", 1, "size", owed=2), NOW + 30)
    hold(store, "n1", domain="near", deadline=NOW + 60)
    # When the planner looks
    bulk = look(laneviews)
    # Then it sees each for what it is
    assert [(d.name, d.held) for d in bulk.full] == [("full", 3)]
    assert [(d.name, d.oldest) for d in bulk.waited] == [("waited", NOW - 3600)]
    assert [(d.name, d.owed, d.inflight) for d in bulk.begun] == [("owed", 2, 1)]
    assert [(d.id, d.domain) for d in bulk.heads] == [("n1", "near")]
    assert (bulk.held, bulk.releasing) == (7, 1)


def test_a_message_of_a_batch_that_could_not_leave_is_owed_and_leaves_next(
    store: Store, laneviews: LaneViews, settings: Settings
) -> None:
    # Given a batch that left but for its last message, which the MTA had not yet put on hold
    hold(store, "b1", "b2", "b3", domain="a.example")
    store.claim(Wave("bulk", "a.example", 3, "size"), NOW + 30)
    store.move("confirm", ["b1", "b2"], NOW)
    assert store.unclaim(["b3"]) == 1
    # Then it does not wait for another batch
    waves = plan([look(laneviews)], settings.lanes, 100, NOW)
    assert [(wave.domain, wave.count, wave.reason, wave.owed) for wave in waves] == [("a.example", 1, "rest", 0)]
    # And when it has left, nothing more is owed
    assert store.claim(waves[0], NOW + 60) == ["b3"]
    assert look(laneviews).begun == ()


def test_what_is_released_by_hand_leaves_what_is_owed_of_its_batch(store: Store, laneviews: LaneViews) -> None:
    # Given a batch of which a part has left
    hold(store, "b1", "b2", "b3", domain="a.example")
    store.claim(Wave("bulk", "a.example", 1, "size", owed=2), NOW + 30)
    # When somebody releases another of it, Then the rest is still owed
    store.claim(Wave("bulk", "a.example", 1, "hand", ("b2",)), NOW + 30, fill=False)
    assert [(d.name, d.held, d.owed) for d in look(laneviews).begun] == [("a.example", 1, 2)]


def test_bulk_that_could_be_promoted_is_seen_before_it_is_due(store: Store, laneviews: LaneViews) -> None:
    # Given bulk with slack between the lead time (10 minutes) and that of promotion (30)
    hold(store, "soon", deadline=NOW + 1200)
    hold(store, "later", deadline=NOW + 3000)
    assert [head.id for head in look(laneviews).heads] == ["soon"]


def test_a_domain_with_a_batch_of_its_own_is_ripe_by_it(store: Store) -> None:
    # Given a lane with batches of three, but for two domains, and other domains that hold more
    own = """
    [lanes.bulk.batch]
    size = 3
    [lanes.bulk.batch.domains."small.example"]
    size = 1
    [lanes.bulk.batch.domains."quick.example"]
    max_wait = "1m"
    """
    settings = parse(own)
    for number in range(30):
        hold(store, f"a{number}", f"b{number}", domain=f"{number}.example", at=NOW - 1000)
    hold(store, "s", domain="small.example")
    hold(store, "q", domain="quick.example", at=NOW - 61)
    # When it is planned
    waves = plan(LaneViews(store, settings).look(WINDOW, NOW), settings.lanes, WINDOW, NOW)
    # Then just these two leave
    assert [(wave.domain, wave.count, wave.reason) for wave in waves] == [
        ("quick.example", 1, "wait"), ("small.example", 1, "size"),
    ]  # fmt: skip


def test_old_inflight_mail_no_longer_fills_the_window(store: Store, laneviews: LaneViews) -> None:
    store.admit("p", candidates(record("priority")), NOW)
    assert [view.inflight for view in laneviews.look(WINDOW, NOW)] == [1, 0, 0]
    assert [view.inflight for view in laneviews.look(WINDOW, NOW + 16 * 60)] == [0, 0, 0]


def test_mail_whose_end_was_never_told_does_not_stop_its_domain(store: Store, laneviews: LaneViews) -> None:
    # Given all that a domain may have in flight (two batches of three), of which the log never tells the end
    hold(store, *(f"lost{number}" for number in range(6)))
    store.move("start", [f"lost{number}" for number in range(6)], NOW)
    hold(store, "a", "b", "c")
    # Then nothing more leaves for it
    (domain,) = look(laneviews).full
    assert (domain.inflight, domain.limit) == (6, 6)
    # But after the time that mail in flight counts, it does
    (domain,) = look(laneviews, now=NOW + 16 * 60).full
    assert domain.inflight == 0
    # And the late end of one of them does not make it less than nothing
    store.move("defer", ["lost0"], NOW + 17 * 60)
    (domain,) = look(laneviews, now=NOW + 17 * 60).full
    assert domain.inflight == 0


def test_mail_without_a_domain_is_batched_under_a_name_of_its_own(store: Store, laneviews: LaneViews) -> None:
    # Given bulk to addresses without a domain
    name = domain_of(("postmaster",))
    hold(store, "a", "b", "c", domain=name)
    # Then it makes a batch like any other
    assert name == NO_DOMAIN
    assert [(d.name, d.held) for d in look(laneviews).full] == [(NO_DOMAIN, 3)]
    assert store.claim(Wave("bulk", NO_DOMAIN, 3, "size"), NOW + 30) == ["a", "b", "c"]


def test_an_overloaded_lane_shows_what_can_be_saved(store: Store, laneviews: LaneViews, settings: Settings) -> None:
    # Given more late mail than a window of two, and mail that is not late yet: one too near, and two that can be saved
    hold_normal(store, settings, "l1", "l2", "l3", deadline=NOW - 60)
    hold_normal(store, settings, "near", deadline=NOW + 29)
    hold_normal(store, settings, "s1", "s2", deadline=NOW + 31)
    # Then what can be saved is shown, with half of the lead time of a minute
    normal = look(laneviews, "normal", window=2)
    assert normal.late == 3
    assert [head.id for head in normal.timely] == ["s1", "s2"]
    # And only then
    assert look(laneviews, "normal", window=3).timely == ()


def test_an_overloaded_batched_lane_shows_the_domains_of_what_can_be_saved(store: Store, laneviews: LaneViews) -> None:
    hold(store, "l1", "l2", domain="late.example", deadline=NOW - 60)
    hold(store, "s", domain="saved.example", deadline=NOW + 301)
    bulk = look(laneviews, window=1)
    assert [(head.id, head.domain) for head in bulk.timely] == [("s", "saved.example")]
    assert {domain.name: domain.held for domain in bulk.near} == {"late.example": 2, "saved.example": 1}


def test_a_paused_lane_is_empty_and_counts_what_is_in_flight(
    store: Store, laneviews: LaneViews, settings: Settings
) -> None:
    hold(store, "a", "b", "c", "d")
    store.claim(Wave("bulk", "example.com", 1, "size"), NOW + 30)
    Orders(store, settings).pause("lane:bulk")
    assert look(laneviews) == LaneView("bulk", 0, 1, 0, ())


def test_nothing_of_a_paused_domain_is_planned_also_in_overload(
    store: Store, laneviews: LaneViews, settings: Settings
) -> None:
    # Given two lanes in overload, with mail for a domain that is paused, and one that is not
    mail = [("stop", -60), ("stop", -50), ("go", -40), ("stop", 400), ("go", 500)]
    for number, (domain, deadline) in enumerate(mail):
        hold(store, f"b{number}", domain=domain, deadline=NOW + deadline)
        hold_normal(store, settings, f"n{number}", domain=domain, deadline=NOW + deadline)
    Orders(store, settings).pause("domain:stop")
    # When a window that is smaller than what is late is planned, again and again
    leaving: set[str] = set()
    for _ in range(6):
        waves = plan(laneviews.look(2, NOW), settings.lanes, 2, NOW)
        claimed = [id for ids in store.claim_all(waves, NOW + 30) for id in ids]
        store.move("start", claimed, NOW - 3600)
        leaving |= set(claimed)
    # Then all but the paused leaves
    assert leaving == {"b2", "b4", "n2", "n4"}


def test_what_may_not_go_hides_nothing_that_may(store: Store, laneviews: LaneViews, settings: Settings) -> None:
    # Given more paused domains than a small window's look takes in, all of them larger than the one that may go
    for number in range(30):
        hold(store, *(f"{number}.{n}" for n in range(4)), domain=f"paused{number}")
        Orders(store, settings).pause(f"domain:paused{number}")
    hold(store, "a", "b", "c", domain="going")
    # Then it is found
    for _ in range(10):
        waves = plan(laneviews.look(3, NOW), settings.lanes, 3, NOW)
        if waves:
            break
    assert [wave.domain for wave in waves] == ["going"]


def test_where_nothing_is_ripe_it_is_one_round_trip(store: Store, laneviews: LaneViews, settings: Settings) -> None:
    hold(store, "a", "b")
    hold_normal(store, settings, "n", deadline=NOW + 600)
    assert round_trips(store, lambda: laneviews.look(WINDOW, NOW)) == 1


def test_without_room_it_is_one_round_trip(store: Store, laneviews: LaneViews) -> None:
    hold(store, "a", "b", "c")
    store.admit("p", candidates(record("priority")), NOW)
    assert round_trips(store, lambda: laneviews.look(1, NOW)) == 1
    assert [(view.lane, view.held, view.inflight) for view in laneviews.look(1, NOW)] == [
        ("priority", 0, 1), ("normal", 0, 0), ("bulk", 3, 0),
    ]  # fmt: skip


def test_mail_that_leaves_before_its_turn_says_why(store: Store, settings: Settings) -> None:
    # Given bulk of which one message is short of slack, and a lane whose batch is full
    hold(store, "due", deadline=NOW + 301)
    hold(store, "mate")
    hold(store, "a", "b", "c", domain="full.example")
    hold_normal(store, settings, "promoted", deadline=NOW - 61)
    # When all of it is released
    released: list[str] = []
    store.tracking.save({}, 1, 0, NOW)
    Manager(settings, store, released.extend, released.extend).tick(NOW)
    assert set(released) == {"due", "mate", "a", "b", "c", "promoted"}
    # Then the record of each that was hurried says so, after what was decided about it
    told = {id: record.evidence for id, record in store.records(released).items()}
    assert [piece.rule for piece in told["due"]] == ["r", "release"]
    assert {id: (pieces[-1].saw, pieces[-1].says) for id, pieces in told.items() if pieces[-1].rule == "release"} == {
        "due": ("5m1s of slack", "deadline: did not wait for the rest of its batch"),
        "mate": ("1d of slack", "deadline: leaves with mail of its domain that is short of slack"),
        "promoted": ("1m1s overdue", "promoted: competed in the lane above"),
    }
    # And no more than once, if it has to be released again
    store.unclaim(["due"])
    Manager(settings, store, released.extend, released.extend).tick(NOW + 2)
    assert [piece.saw for piece in store.records(["due"])["due"].evidence][1:] == ["4m59s of slack"]
