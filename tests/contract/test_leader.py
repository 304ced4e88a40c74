"""One manager leads, another takes over when it is silent, and who led before writes nothing any more."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from redis import Redis
from redis.client import Pipeline

from contrib.sandbox.redis import PrivateRedis
from contrib.sandbox.wait import wait_until
from lanes.store.keys import SharedKeys
from lanes.store.leader import Leader, SupersededError, who_leads

#: Seconds: as good as for ever, and so short that it can be waited for.
LONG, SHORT = 600.0, 0.05


@pytest.fixture
def client(server: PrivateRedis) -> Iterator[Redis]:
    with server.client() as client:
        client.flushall()
        yield client


def put(leader: Leader, value: str) -> None:
    """Write something as the leader."""

    def turn(pipe: Pipeline) -> None:
        pipe.multi()
        pipe.set("key", value)

    leader.write(turn)


def expire(client: Redis) -> None:
    """As if the leader had been silent for its time limit."""
    client.delete(SharedKeys.leader)


def term(client: Redis) -> int:
    return int(client.get(SharedKeys.term) or 0)


def test_who_comes_first_leads_and_goes_on_to(client: Redis) -> None:
    # Given two contenders
    first, second = Leader(client, "mx1", LONG), Leader(client, "mx2", LONG)
    assert who_leads(client) == ""
    # When both ask, again and again
    # Then the first leads, in one term
    assert [first.turn(), second.turn(), first.turn(), second.turn()] == [True, False, True, False]
    assert who_leads(client) == "mx1"
    put(first, "first's")
    with pytest.raises(SupersededError):
        put(second, "second's")
    assert client.get("key") == b"first's"


def test_another_takes_over_when_the_leader_is_silent(client: Redis) -> None:
    # Given a leader that is not heard of any more
    first, second = Leader(client, "mx1", SHORT), Leader(client, "mx2", LONG)
    assert first.turn()
    # When its time is up
    # Then the other leads, and it does not
    wait_until(second.turn, "the time limit")
    assert not first.turn()
    assert who_leads(client) == "mx2"


def test_a_lead_that_is_renewed_does_not_run_out(client: Redis) -> None:
    # Given a lead that has nearly run out
    leader = Leader(client, "mx1", LONG)
    assert leader.turn()
    client.pexpire(SharedKeys.leader, 1000)
    # When it is renewed
    assert leader.turn()
    # Then it has its whole time again
    assert client.pttl(SharedKeys.leader) > 1000 * LONG / 2


def test_a_leader_that_was_stopped_and_wakes_up_is_refused(client: Redis) -> None:
    # Given a leader that was stopped in the middle of its work, until another took over
    first, second = Leader(client, "mx1", LONG), Leader(client, "mx2", LONG)
    assert first.turn()
    expire(client)
    assert second.turn()
    # When it goes on where it was, although the other has not written anything yet
    # Then its term is over, for good
    for _ in range(2):
        with pytest.raises(SupersededError):
            put(first, "first's")
    put(second, "second's")
    assert client.get("key") == b"second's"


def test_a_leader_that_is_superseded_while_it_writes_is_refused(client: Redis) -> None:
    # Given a leader that is stopped between what it reads and what it writes, until another took over
    first, second = Leader(client, "mx1", LONG), Leader(client, "mx2", LONG)
    assert first.turn()

    def slow(pipe: Pipeline) -> None:
        expire(client)
        assert second.turn()
        pipe.multi()
        pipe.set("key", "first's")

    # When it goes on
    # Then nothing is written
    with pytest.raises(SupersededError):
        first.write(slow)
    assert client.get("key") is None


def test_what_others_change_meanwhile_is_read_again(client: Redis) -> None:
    # Given a leader that adds to what it reads, while others do the same
    leader = Leader(client, "mx1", LONG)
    assert leader.turn()
    turns = 0

    def add(pipe: Pipeline) -> None:
        nonlocal turns
        turns += 1
        value = int(pipe.get("key") or 0)
        if turns == 1:
            client.incr("key")
        pipe.multi()
        pipe.set("key", value + 1)

    # When it writes
    leader.write(add, "key")
    # Then nothing is lost
    assert (turns, client.get("key")) == (2, b"2")


def test_who_was_the_leader_and_leads_again_does_so_in_a_new_term(client: Redis) -> None:
    leader = Leader(client, "mx1", LONG)
    assert leader.turn()
    before = term(client)
    expire(client)
    assert leader.turn()
    assert term(client) > before
    put(leader, "value")


@pytest.mark.parametrize("lost", [(SharedKeys.leader, SharedKeys.term), (SharedKeys.leader,)])
def test_terms_do_not_repeat_when_redis_forgets(client: Redis, lost: tuple[str, ...]) -> None:
    # Given a leader, of which a replica had not yet heard when it became the master
    first, second = Leader(client, "mx1", LONG), Leader(client, "mx2", LONG)
    assert first.turn()
    before = term(client)
    client.delete(*lost)
    # When another leads there
    assert second.turn()
    # Then its term is higher, and the first one's is over
    assert term(client) > before
    with pytest.raises(SupersededError):
        put(first, "first's")


def test_terms_rise_when_the_clock_is_set_back(client: Redis) -> None:
    leader = Leader(client, "mx1", LONG)
    client.set(SharedKeys.term, 2**52)
    assert leader.turn()
    assert term(client) == 2**52 + 1


def test_junk_in_redis_is_followed_by_a_new_term(client: Redis) -> None:
    # Given a leader, and a term that is none
    leader = Leader(client, "mx1", LONG)
    assert leader.turn()
    client.set(SharedKeys.term, "junk")
    # Then it writes nothing, until it leads again
    with pytest.raises(SupersededError):
        put(leader, "value")
    expire(client)
    assert leader.turn()
    put(leader, "value")
