"""A few rounds of chaos with a fixed seed, and how it judges what it sees."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from redis import Redis
from redis import TimeoutError as RedisTimeout
from redis.backoff import NoBackoff
from redis.retry import Retry

from contrib.sandbox.link import Link
from contrib.sandbox.mail import mail
from contrib.sandbox.mta import SandboxError
from contrib.sandbox.namespace import Namespace, apart
from contrib.sandbox.redis import PrivateRedis
from contrib.sandbox.wait import wait_until
from tests.bench.tracking import quiet
from tests.chaos.copies import by_postfix, noted
from tests.chaos.faults import FAULTS
from tests.chaos.invariants import KINDS
from tests.chaos.outside import Arrival
from tests.chaos.runner import run
from tests.chaos.schedule import drawn
from tests.chaos.traffic import Item

VICTIMS = {name: fault.victim for name, fault in FAULTS.items()}


@pytest.fixture
def _apart() -> Iterator[None]:
    """Wires come and go where tests of the dashboard do not see it."""
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(SandboxError):
            stack.enter_context(apart())
        yield


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("_apart")
def test_whatever_strikes_mail_arrives_once_and_nobody_elses_hold_is_touched() -> None:
    # Given rounds in which Redis forgets, what it says is junk, and whoever works is killed
    quiet()
    result = run(seed=11, rounds=4, messages=200, wanted=("flush_redis", "forge_redis", "kill_postfix", "kill_worker"))
    # Then all that was accepted is accounted for
    assert {kind: result[kind] for kind in KINDS} == dict.fromkeys(KINDS, 0)
    assert result["messages"] + result["unanswered"] == 200
    # And faults struck while there was mail that is others' to hold
    assert sum(result["faults"].values()) >= 4
    assert result["held_by_others"] >= 4


def test_a_seed_gives_the_same_faults_and_no_victim_is_hit_twice_in_a_round() -> None:
    rounds = {number: drawn(7, number, VICTIMS) for number in range(1, 201)}
    assert rounds == {number: drawn(7, number, VICTIMS) for number in reversed(rounds)}
    assert rounds[1] != drawn(8, 1, VICTIMS)
    assert {strike.fault for strikes in rounds.values() for strike in strikes} == FAULTS.keys()
    for strikes in rounds.values():
        assert len({VICTIMS[strike.fault] for strike in strikes}) == len(strikes)
        assert all(strike.until > strike.at for strike in strikes)


@pytest.mark.parametrize(("arrivals", "lives", "told", "bounce", "expected"), [
    ([Arrival(10, "a"), Arrival(12, "a")], [11.0], 1, False, 1),  # it died before it had noted the first
    ([Arrival(10, "a"), Arrival(12, "a")], [11.0], 2, False, 0),  # it had noted it, and yet sent it again
    ([Arrival(10, "a"), Arrival(12, "a")], [9.0, 13.0], 1, False, 0),  # it lived all the while
    ([Arrival(10, "a"), Arrival(12, "b")], [11.0], 1, False, 0),  # two messages
    ([Arrival(10, "a"), Arrival(12, "b")], [11.0], 0, True, 1),  # a bounce is made anew, under an id of its own
    ([Arrival(10, "a"), Arrival(12, "b")], [], 0, True, 0),
])
def test_a_second_copy_is_postfixs_own_only_if_it_died_before_it_took_note(
    arrivals: list[Arrival], lives: list[float], told: int, bounce: bool, expected: int
) -> None:
    assert by_postfix(arrivals, lives, told, bounce=bounce) == expected


def test_deliveries_are_counted_by_message_and_recipient() -> None:
    log = """\
        smtp[1]: AB: to=<r@a.example>, relay=x, status=sent (250)
        smtp[1]: AB: to=<s@a.example>, relay=x, status=sent (250)
        smtp[1]: AB: to=<r@a.example>, relay=x, status=deferred (451)
        smtp[1]: CD: to=<r@a.example>, relay=x, status=sent (250)
        """
    assert noted(log, "AB", "r@a.example") == 1


@pytest.mark.usefixtures("_apart")
def test_a_wire_that_is_cut_keeps_everybody_waiting_until_it_is_mended() -> None:
    with contextlib.ExitStack() as stack:
        redis = stack.enter_context(PrivateRedis())
        network = None
        with contextlib.suppress(SandboxError):
            network = stack.enter_context(Namespace())
        link = stack.enter_context(Link(redis.socket, network))
        client = Redis.from_url(f"redis://{link.host}:{link.port}", socket_timeout=0.5, retry=Retry(NoBackoff(), 0))

        def answers() -> bool:
            with contextlib.suppress(RedisTimeout):
                return bool(client.ping())
            return False

        wait_until(answers, "an answer")
        wires: list[Link | Namespace] = [link, *([network] if network else [])]
        for wire in wires:
            # Given a wire that is cut
            wire.cut()
            # Then neither an old nor a new connection hears anything, and nobody hangs up
            assert [answers(), answers()] == [False, False]
            # And when it is mended, all is as before
            wire.mend()
            wait_until(answers, "an answer again")


def test_a_refused_recipient_is_owed_as_a_bounce_to_the_sender() -> None:
    item = Item(1, "normal", mail("Receipt", ("r1@d1.example", "r1@refused.example"), sender="m1@origin.example"))
    assert item.owed_to == {"r1@d1.example", "m1@origin.example"}
