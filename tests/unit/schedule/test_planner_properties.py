"""What holds of any plan, for any mail, in any window."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from lanes.config.load import parse
from lanes.schedule.plan import plan
from lanes.schedule.view import Wave
from lanes.simulate.mail import Mail
from lanes.simulate.pool import Pool

NOW = 1_700_000_000.0
LANES = parse("""
[lanes.priority]
hold = "always"
[lanes.bulk]
batch = { size = 4, max_wait = "1h", streams = 2 }
""").lanes
SIZE, STREAMS = 4, 2

#: Lane, domain, seconds since acceptance, part of the SLA that is left.
Some = tuple[str, str, float, float]
SOME_MAIL = st.tuples(st.sampled_from(list(LANES)), st.sampled_from("abc"), st.floats(0, 7000), st.floats(-0.2, 1))


def pool_of(mail: list[Some], heads: int) -> Pool:
    pool = Pool(LANES, heads)
    for number, (lane, domain, age, left) in enumerate(mail):
        where = domain if LANES[lane].batch else ""
        pool.hold(Mail(NOW + LANES[lane].sla * left, NOW - age, f"{number:03d}", lane, where))
    return pool


def carry_out(pool: Pool, window: int, now: float = NOW) -> list[tuple[Wave, list[Mail]]]:
    return [(wave, pool.claim(wave)) for wave in plan(pool.views(now), LANES, window, now)]


@settings(deadline=None)
@given(st.lists(SOME_MAIL, max_size=60), st.integers(-2, 50), st.integers(1, 20))
def test_a_plan_never_takes_more_than_the_room_nor_more_than_is_held(mail: list[Some], window: int, heads: int) -> None:
    pool = pool_of(mail, heads)

    for _ in range(4):
        room = max(window - len(pool.inflight), 0)
        carried = carry_out(pool, window)
        assert sum(wave.count for wave, _ in carried) <= room
        assert all(len(taken) == wave.count > 0 for wave, taken in carried)
        assert all(set(wave.ids) <= {one.id for one in taken} for wave, taken in carried)
        for _, one in list(pool.inflight.values())[::2]:
            pool.settle(one)


@settings(deadline=None)
@given(st.lists(SOME_MAIL, max_size=60), st.integers(0, 50), st.integers(1, 20))
def test_a_domain_has_one_wave_and_a_message_one_place(mail: list[Some], window: int, heads: int) -> None:
    waves = plan(pool_of(mail, heads).views(NOW), LANES, window, NOW)

    assert max(Counter((wave.lane, wave.domain) for wave in waves if wave.domain).values(), default=1) == 1
    assert max(Counter(id for wave in waves for id in wave.ids).values(), default=1) == 1


@settings(deadline=None)
@given(st.lists(SOME_MAIL, max_size=60), st.integers(0, 50), st.integers(1, 20))
def test_unbatched_mail_leaves_in_the_order_of_its_deadlines(mail: list[Some], window: int, heads: int) -> None:
    pool = pool_of(mail, heads)
    before = {lane: pool.held(lane) for lane in ("priority", "normal")}

    carried = carry_out(pool, max(window, 12))  # late mail fits into the window

    for lane, queue in before.items():
        taken = [one for wave, taken in carried if wave.lane == lane for one in taken]
        assert taken == queue[: len(taken)]


@settings(deadline=None)
@given(st.lists(SOME_MAIL, max_size=60), st.integers(1, 12))
def test_whatever_is_ripe_leaves_in_the_end_and_only_that(mail: list[Some], window: int) -> None:
    # Given any mail in the lanes
    pool = pool_of(mail, heads=20)
    lane = LANES["bulk"]
    bulk = {domain: [one for one in pool.held("bulk") if one.domain == domain] for domain in "abc"}

    # When the MTA delivers whatever it is given
    for _ in range(200):
        carry_out(pool, window)
        for _, one in list(pool.inflight.values()):
            pool.settle(one)

    # Then what is held is bulk that does not make a batch, has not waited, and has slack
    assert not pool.held("priority")
    assert not pool.held("normal")
    for domain, before in bulk.items():
        left = [one for one in pool.held("bulk") if one.domain == domain]
        assert len(left) < SIZE
        assert all(NOW - one.accepted < lane.batch.max_wait for one in left if lane.batch)
        assert all(one.deadline - NOW > lane.lead for one in left)
        fresh = all(NOW - one.accepted < 3600 and one.deadline - NOW > lane.lead for one in before)
        assert not fresh or len(left) == len(before) % SIZE


@settings(deadline=None)
@given(st.lists(SOME_MAIL, max_size=60), st.integers(1, 60))
def test_no_domain_has_more_in_flight_than_its_streams_take(mail: list[Some], window: int) -> None:
    pool = pool_of(mail, heads=20)

    for _ in range(5):
        carry_out(pool, window)

    flying = Counter(one.domain for _, one in pool.inflight.values() if one.lane == "bulk")
    assert all(count <= SIZE * STREAMS for count in flying.values())


@given(st.lists(SOME_MAIL, max_size=40), st.integers(0, 50))
def test_the_same_view_gives_the_same_plan(mail: list[Some], window: int) -> None:
    views = pool_of(mail, heads=20).views(NOW)

    assert plan(views, LANES, window, NOW) == plan(tuple(reversed(views)), LANES, window, NOW)


def test_the_cost_is_bounded_by_the_heads_and_not_by_the_backlog() -> None:
    # Given a lane that says it holds a hundred million messages in a hundred domains
    pool = pool_of([("normal", "", 10.0, 0.9)] * 50, heads=20)
    views = [view._replace(held=100_000_000) if view.lane == "normal" else view for view in pool.views(NOW)]

    # Then the plan names no more than the heads, and counts the rest
    (wave,) = plan(views, LANES, 50_000, NOW)
    assert len(wave.ids) == 20
    assert wave.count == 50_000
