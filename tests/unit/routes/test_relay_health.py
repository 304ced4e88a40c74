"""What is learned of a relay, and when it is left alone."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanes.config.load import parse
from lanes.routes.health import Breaker, Health, Tried, breaker, is_relays_fault, learned

NOW = 1_800_000_000.0
TERMS = parse('[roads]\nfailures = 5\nbackoff = "30s"\nbackoff_max = "2m"\nprobes = 3').roads


def sent(at: float, seconds: float = 0.1) -> Tried:
    return Tried(at, "sent", "", seconds)


def failed(at: float, destination: str = "") -> Tried:
    return Tried(at, "deferred", "4.4.1 connection refused", None, destination)


def after(*attempts: Tried, health: Health | None = None) -> Health:
    return learned(health or Health(), TERMS, attempts)


def down(at: float = NOW) -> Health:
    return after(*(failed(at) for _ in range(TERMS.failures)))


@pytest.mark.parametrize(
    ("dsn", "blamed"),
    [("4.4.1", True), ("4.7.1", True), ("5.7.1", True), ("4.3.2", True), ("5.5.0", True), ("4.1.2", False),
     ("5.1.1", False), ("4.2.2", False), ("5.2.2", False), ("5.6.0", False), ("4.16.1", True), ("", True)],
)  # fmt: skip
def test_addresses_mailboxes_and_content_are_not_the_relays_fault(dsn: str, blamed: bool) -> None:
    assert is_relays_fault(dsn) is blamed


def test_so_many_faults_on_end_open_the_breaker_and_a_delivery_between_does_not() -> None:
    # Given one fault less than is too many
    health = after(*(failed(NOW) for _ in range(4)))
    assert breaker(health, NOW) is Breaker.CLOSED
    # Then one more opens it, for as long as the first back-off
    assert breaker(after(failed(NOW), health=health), NOW + 29) is Breaker.OPEN
    assert breaker(after(failed(NOW), health=health), NOW + 30) is Breaker.HALF_OPEN
    # And a delivery before it does away with the others
    assert breaker(after(sent(NOW), failed(NOW), health=health), NOW) is Breaker.CLOSED


def test_a_relay_that_fails_every_other_message_is_not_healthy() -> None:
    health = after(*(one for at in range(10) for one in (failed(NOW + at), failed(NOW + at), sent(NOW + at))))
    assert breaker(health, NOW + 10) is not Breaker.CLOSED


def test_it_closes_when_all_probes_were_taken_and_one_that_fails_opens_it_again() -> None:
    # Given a relay that may be tried again
    health = down()
    assert health.down_since == NOW
    # When two of three probes are taken
    health = after(sent(NOW + 31), sent(NOW + 32), health=health)
    assert breaker(health, NOW + 33) is Breaker.HALF_OPEN
    # Then the third closes it
    closed = after(sent(NOW + 33), health=health)
    assert (breaker(closed, NOW + 33), closed.down_since) == (Breaker.CLOSED, 0.0)
    # And if it fails instead, the relay is left alone for twice as long, and is still down since it was
    again = after(failed(NOW + 33), health=health)
    assert (again.open_until, again.down_since) == (NOW + 33 + 60, NOW)


def test_the_backoff_grows_to_its_bound_and_begins_anew_after_a_good_while() -> None:
    # Given a relay that fails whenever it is tried
    health, waits = Health(), []
    at = NOW
    for _ in range(6):
        while breaker(health, at) is not Breaker.OPEN:
            health = after(failed(at), health=health)
        waits.append(health.open_until - at)
        at = health.open_until
    assert waits == [30, 60, 120, 120, 120, 120]
    # When it is well for as long as the longest back-off
    health = after(*(sent(at + second) for second in range(130)), health=health)
    # Then it begins with the first
    health = after(*(failed(at + 130) for _ in range(5)), health=health)
    assert health.open_until == at + 130 + 30


def test_what_was_under_way_when_it_opened_neither_closes_nor_prolongs_it() -> None:
    health = down()
    late = after(sent(NOW + 1), failed(NOW + 2), failed(NOW + 29), sent(NOW + 29), health=health)
    assert (late.open_until, late.probing) == (health.open_until, health.probing)


def test_a_destination_that_is_dead_is_not_the_fault_of_a_relay_without_a_next_hop() -> None:
    # Given mail by MX, all of it to one destination that does not answer
    health = after(*(failed(NOW + second, "dead.example") for second in range(100)))
    assert breaker(health, NOW + 100) is Breaker.CLOSED
    # But when as many destinations as faults are too many do not, it is the relay
    health = after(*(failed(NOW + 100, f"d{number}.example") for number in range(4)), health=health)
    assert breaker(health, NOW + 100) is Breaker.OPEN


def test_it_remembers_what_was_said_and_what_came_of_all() -> None:
    health = after(sent(NOW), failed(NOW + 1), Tried(NOW + 2, "bounced"), sent(NOW + 3))
    assert (health.error, health.error_at) == ("4.4.1 connection refused", NOW + 1)
    assert health.results == {"sent": 2, "deferred": 1, "bounced": 1}
    assert health.tried_at == NOW + 3


def test_one_delivery_after_a_pause_says_that_it_is_fast_again() -> None:
    # Given a relay that was fast, and became slow
    health = after(*(sent(NOW + n, 0.1) for n in range(20)), *(sent(NOW + 20 + n / 10, 8.0) for n in range(40)))
    assert health.latency > 7
    # When it is given one message half a minute later
    health = after(sent(NOW + 60, 0.1), health=health)
    # Then it is known for fast
    assert health.latency < 0.6


def test_p95_is_of_the_last_hundred() -> None:
    health = after(*(sent(NOW, 60.0) for _ in range(50)), *(sent(NOW, n / 100) for n in range(1, 101)))
    assert health.p95 == pytest.approx(0.95)
    assert Health().p95 is None


TIMES, DESTINATIONS = st.floats(NOW, NOW + 4000), st.sampled_from(["", "a.example", "b.example"])
SENT = st.builds(Tried, TIMES, st.just("sent"), st.just(""), st.floats(0, 600), DESTINATIONS)
NOT_SENT = st.builds(Tried, TIMES, st.sampled_from(["deferred", "bounced"]), st.sampled_from(["", "4.4.1 x"]),
                     st.none(), DESTINATIONS)
ATTEMPTS = st.lists(SENT | NOT_SENT, max_size=60)


@given(ATTEMPTS)
def test_whatever_is_told_in_whatever_order_it_stays_within_bounds(attempts: list[Tried]) -> None:
    health = after(*attempts)
    taken = [tried.seconds for tried in attempts if tried.seconds is not None]
    assert 0 <= health.success <= 1
    assert min(taken, default=0) - 1e-6 <= health.latency <= max(taken, default=0) + 1e-6
    assert 0 <= health.probing <= TERMS.probes
    assert len(health.blamed) <= TERMS.failures
    assert sum(health.results.values()) == len(attempts)
    latest = max((tried.at for tried in attempts), default=NOW)
    assert health.open_until <= latest + TERMS.backoff_max
    assert (health.down_since > 0) == (health.probing > 0)


@given(ATTEMPTS)
def test_whatever_was_told_a_relay_that_works_again_is_healthy_after_its_probes(attempts: list[Tried]) -> None:
    # Given any past
    health = after(*attempts)
    # When the longest back-off is over, and as many messages as are to probe it are taken
    at = max(health.open_until, NOW + 4000)
    assert breaker(health, at) is not Breaker.OPEN
    health = after(*probes(at), health=health)
    # Then it is healthy
    assert breaker(health, at) is Breaker.CLOSED


@given(ATTEMPTS, ATTEMPTS)
def test_it_is_the_same_in_one_stretch_or_two(first: list[Tried], second: list[Tried]) -> None:
    assert after(*first, *second) == after(*second, health=after(*first))


@given(ATTEMPTS)
def test_it_is_packed_and_read_back(attempts: list[Tried]) -> None:
    health = after(*attempts)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(health), type=Health) == health


def probes(at: float) -> Iterable[Tried]:
    return [sent(at + 1) for _ in range(TERMS.probes)]
