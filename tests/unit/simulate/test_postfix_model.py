"""The model of Postfix and of the world: who goes when, what is put off until when, what a dead destination costs."""

from __future__ import annotations

from collections import Counter

from lanes.config.load import parse as parse_settings
from lanes.simulate.mail import Mail
from lanes.simulate.postfix import Postfix
from lanes.simulate.world import parse

DAY = 86400.0
RELAYS = """
[relays.a]
transport = "a"
cost = 1
[relays.b]
transport = "b"
cost = 1
[relays.hub]
transport = "hub"
nexthop = "hub.example"
cost = 1
concurrency = 1
"""
STEADY = "destination = { seconds = 1, spread = 0 }\n"


def postfix(world: str = "", relays: str = "", **batches: int) -> Postfix:
    return Postfix(parse(world or STEADY), parse_settings(relays).relays, 5 * DAY, 0.0, 1, batches)


def mail(id: str, domain: str = "a.example", **more: object) -> Mail:
    return Mail(1e9, 0.0, id, "normal", domain, **more)  # type: ignore[arg-type] # whatever a message may have


def told(mta: Postfix, until: float) -> list[tuple[str, float, str]]:
    mta.advance(until)
    seen, mta.told = mta.told, []
    return [(one.mail.id, round(one.at, 3), one.what) for one in seen]


def test_a_destination_has_so_many_connections_and_others_go_past_it() -> None:
    # Given three messages for one destination that may have two at once, and then one for another
    mta = postfix("postfix.destination_concurrency = 2\n" + STEADY)
    for id in ("one", "two", "three"):
        mta.take(mail(id), 0.0)
    mta.take(mail("other", "b.example"), 0.0)

    assert [(id, at) for id, at, _ in told(mta, 10.0)] == [("one", 1.0), ("two", 1.0), ("other", 1.0), ("three", 2.0)]
    # And the third went by a connection that was open
    assert mta.connections["normal"] == 3


def test_a_destination_begins_with_a_few_connections_and_has_more_as_it_takes_mail() -> None:
    # Given a destination that begins with two
    mta = postfix("postfix.initial_concurrency = 2\n" + STEADY)
    for number in range(9):
        mta.take(mail(f"{number}"), 0.0)

    # Then each delivery brings one more
    assert Counter(at for _, at, _ in told(mta, 10.0)) == {1.0: 2, 2.0: 4, 3.0: 3}
    # And when it has none left it begins anew
    for number in range(3):
        mta.take(mail(f"later{number}"), 20.0)
    assert Counter(at for _, at, _ in told(mta, 30.0)) == {21.0: 2, 22.0: 1}


def test_on_a_road_for_batches_a_batch_shares_one_connection() -> None:
    # Given a transport by which batches of three go
    mta = postfix(STEADY, RELAYS, a=3)
    for number in range(7):
        mta.take(mail(f"{number}", relay="a"), 0.0)

    # Then the first goes by one connection, and what comes behind it by two
    assert Counter(at for _, at, _ in told(mta, 10.0)) == {1.0: 1, 2.0: 1, 3.0: 1, 4.0: 2, 5.0: 2}
    assert mta.connections["normal"] == 2


def test_a_transport_has_so_many_processes_and_first_come_is_first_served() -> None:
    mta = postfix("postfix.processes = 1\n" + STEADY)
    for id, domain in (("one", "a.example"), ("two", "b.example"), ("three", "a.example")):
        mta.take(mail(id, domain), 0.0)

    assert told(mta, 10.0) == [("one", 1.0, "sent"), ("two", 2.0, "sent"), ("three", 3.0, "sent")]


def test_who_finds_the_active_queue_full_waits_outside_and_is_not_counted_as_waiting_in_it() -> None:
    mta = postfix("postfix = { active_limit = 1 }\n" + STEADY)
    mta.take(mail("one"), 0.0)
    mta.take(mail("two"), 0.0)
    assert (mta.active, mta.size) == (1, 2)

    mta.advance(10.0)

    assert [(one.at, one.waited) for one in mta.told] == [(1.0, 0.0), (2.0, 0.0)]


def test_what_is_put_off_is_tried_at_a_queue_run_and_as_often_as_the_trace_says() -> None:
    # Given a message that was put off twice, as the trace tells, and that took four seconds
    mta = postfix()
    mta.take(mail("one", deferrals=2, dsn="4.2.2", seconds=4.0), 0.0)

    # Then it is tried after the least backoff, and after as long as it was old, at the next queue run
    assert told(mta, DAY) == [
        ("one", 4.0, "deferred"), ("one", 600.0, "active"), ("one", 604.0, "deferred"),
        ("one", 1500.0, "active"), ("one", 1504.0, "sent"),
    ]  # fmt: skip


def test_what_is_retried_meanwhile_is_not_tried_twice() -> None:
    mta = postfix()
    one = mail("one", deferrals=1)
    mta.take(one, 0.0)
    told(mta, 10.0)

    mta.retry([one], 10.0)
    mta.retry([one], 10.0)

    assert [what for _, _, what in told(mta, DAY)] == ["active", "sent"]


def test_a_destination_that_cannot_be_reached_puts_all_of_its_mail_off_unseen() -> None:
    # Given a destination that is down for ten minutes, of which one connection at a time is tried
    down = 'down = [{ after = "0s", lasts = "10m" }]'
    mta = postfix(f"postfix.destination_concurrency = 1\n[destination]\nseconds = 1\nspread = 0\n{down}")
    for id in ("one", "two"):
        mta.take(mail(id), 0.0)

    # Then the first is found out after a timeout, and the second is not even tried
    mta.advance(60.0)
    assert [(one.mail.id, one.at, one.what, one.dsn, one.seconds) for one in mta.told] == [
        ("one", 30.0, "deferred", "4.4.1", 30.0), ("two", 30.0, "deferred", "4.4.1", 0.0)
    ]  # fmt: skip
    mta.told.clear()
    # And both are delivered when it is back
    assert [(id, what) for id, _, what in told(mta, DAY) if what == "sent"] == [("one", "sent"), ("two", "sent")]


def test_what_is_too_old_expires_at_its_next_failure() -> None:
    mta = Postfix(parse(STEADY), {}, 1000.0, 0.0, 1)
    mta.take(mail("one", deferrals=100), 0.0)

    ends = [what for _, _, what in told(mta, DAY) if what != "active"]
    assert ends == ["deferred", "deferred", "expired"]
    assert mta.next_at == float("inf")


def test_a_server_takes_so_many_at_once_and_so_many_a_second() -> None:
    # Given a server with one place, and one that takes a message every two seconds
    mta = postfix(STEADY + '[destinations."slow.example"]\nconcurrency = 1\n[destinations."paced.example"]\nrate = 0.5')
    for number in range(3):
        mta.take(mail(f"s{number}", "slow.example"), 0.0)
        mta.take(mail(f"p{number}", "paced.example"), 0.0)

    ends = {id: at for id, at, _ in told(mta, 100.0)}
    assert [ends[f"s{n}"] for n in range(3)] == [1.0, 2.0, 3.0]
    assert [ends[f"p{n}"] for n in range(3)] == [1.0, 3.0, 5.0]


def test_greylisting_puts_a_sender_off_once() -> None:
    mta = postfix('[destination]\nseconds = 1\nspread = 0\ngreylist = "1m"')
    mta.take(mail("one", sender="a@x.example"), 0.0)
    told(mta, 600.0)

    mta.take(mail("two", sender="a@x.example"), 600.0)
    mta.take(mail("three", sender="b@x.example"), 600.0)

    assert [(id, what) for id, at, what in told(mta, 602.0) if at > 601 or id != "one"] == [
        ("two", "sent"), ("three", "deferred")
    ]  # fmt: skip


def test_a_relay_has_connections_of_its_own_but_a_domain_is_one_server_by_whichever_road() -> None:
    # Given two relays without a next hop, and one with
    mta = postfix(STEADY + '[destinations."one.example"]\nconcurrency = 1', RELAYS)

    # When mail for one domain takes all three
    for relay in ("a", "b", "hub", "hub"):
        mta.take(mail(f"{relay}{mta.size}", "one.example", relay=relay), 0.0)

    # Then the domain's one place is shared, and the hub's connection is its own
    assert [at for _, at, _ in told(mta, 10.0)] == [1.0, 1.0, 2.0, 2.0]


def test_luck_is_the_messages_own_whatever_is_done_with_it() -> None:
    # Given a world of chance
    world = "[destination]\ndeferred = 0.5\nseconds = 1"

    def outcomes(order: list[str]) -> dict[str, tuple[float, str]]:
        mta = postfix(world)
        for id in order:
            mta.take(mail(id), 0.0)
        mta.advance(100.0)
        return {one.mail.id: (round(one.seconds, 6), one.what) for one in mta.told}

    ids = [str(number) for number in range(15)]
    assert outcomes(ids) == outcomes(ids[::-1])
    assert len({what for _, what in outcomes(ids).values()}) == 2
