"""Mail that is handed to a lane's own instance: where it goes, what the log tells of it, what the settings may say."""

from __future__ import annotations

import pytest

from lanes.config import ConfigError
from lanes.config.load import parse
from lanes.message import Decision, Progress
from lanes.mta.headers import Header, added, below_received
from lanes.mta.port import Attempt, Event, Outcome, Removed, Requeued
from lanes.mta.postfix.grammar import PostfixGrammar
from lanes.mta.postfix.queue_id import instant
from lanes.routes.roads import Roads
from lanes.services.fold import fold, is_elsewhere

ID, NEW = "4jYbJ22wYRzJFNy", "4jYbJ23JfpzJFPv"
NEW_AT = 1_795_508_210.466898
HANDOFFS = frozenset(("lane-bulk",))
SETTINGS = """
mta.own_domains = ["example.com"]
[mta.instances.bulk]
config_directory = "/etc/postfix-bulk"
port = 10071
[relays.economy]
transport = "economy"
cost = 0.001
"""


def attempt(outcome: Outcome, transport: str = "lane-bulk") -> Attempt:
    return Attempt(ID, 1.0, "a@example.net", outcome, transport, "h[192.0.2.1]:25", 5.0, (0, 0, 0, 5), "2.0.0", "ok")


def told(*events: Event) -> Progress:
    return fold(events, HANDOFFS)[0][ID].progress


def test_what_was_handed_on_is_not_delivered() -> None:
    # Given a message that another instance has, When it leaves the queue, Then it has not ended
    progress = told(attempt(Outcome.SENT), Removed(ID, 2.0, by_hand=False))
    assert progress.sent is None
    assert is_elsewhere(progress, HANDOFFS)
    # And when it is delivered there, that is what counts
    assert not is_elsewhere(progress.merged(told(attempt(Outcome.SENT, "economy"))), HANDOFFS)


@pytest.mark.parametrize("progress", [
    Progress(), Progress(sent=1.0, transport="lane-bulk"), Progress(bounced=True, transport="lane-bulk"),
    Progress(expired=True, transport="lane-bulk"), Progress(transport="economy"),
])  # fmt: skip
def test_what_ended_in_front_did_end(progress: Progress) -> None:
    assert not is_elsewhere(progress, HANDOFFS)


def test_a_handoff_that_fails_is_tried_again_like_any_delivery() -> None:
    change = fold([attempt(Outcome.DEFERRED)], HANDOFFS)[0][ID]
    assert change.transition == "defer"
    assert change.deferrals


def test_an_id_tells_when_the_message_came() -> None:
    assert instant(NEW) == pytest.approx(NEW_AT, abs=1e-6)
    assert instant("3F2A41B2C") is None
    assert instant("") is None


@pytest.mark.parametrize(("stamp", "at"), [
    ("2026-11-24T08:16:50+00:00", NEW_AT), ("2026-11-24T08:16:50.466999+00:00", NEW_AT),
    ("2026-11-24T09:16:50+00:00", 1_795_511_810.0),
])  # fmt: skip
def test_a_message_began_anew_when_its_id_says_unless_the_log_knows_better(stamp: str, at: float) -> None:
    line = f"{stamp} mx1 postfix-bulk/smtpd[1]: {NEW}: client=x[127.0.0.1], orig_queue_id={ID}, orig_client=y[::1]"
    event = PostfixGrammar()(line, 0.0)
    assert isinstance(event, Requeued)
    assert (event.id, event.new_id, event.anew) == (ID, NEW, True)
    assert event.at == pytest.approx(at, abs=1e-6)


def test_an_instance_behind_sees_what_the_fronts_filter_wrote() -> None:
    # Given a message whose sender wrote a lane, and which the front's filter tagged
    forged = (Header("Received", "by front"), Header("X-Lane", "priority"))
    tagged = (Header("X-Lane", "bulk"), *forged)
    # When the next instance has it, Then the filter's word is found, and the sender's is not
    for headers, lane in ((tagged, "bulk"), (forged, "")):
        behind = (Header("Received", "by behind"), *headers)
        assert added(behind, "X-Lane") == ""
        assert added(below_received(behind), "X-Lane") == lane


def test_a_lane_with_an_instance_leaves_by_it_and_others_by_a_relay() -> None:
    roads = Roads(parse(SETTINGS), lambda: 1.0)

    def route(lane: str, *recipients: str) -> str:
        return roads.route(Decision(lane, 0.0, "economy"), "", "example.net", 0.0, recipients).relay

    assert route("bulk", "a@example.net") == "lane-bulk"
    assert route("normal", "a@example.net") == "economy"
    # But mail for anybody at home stays with the first instance
    assert route("bulk", "a@example.net", "b@example.com") == ""
    # And the instance itself asks for a relay
    assert roads.choose(Decision("bulk", 0.0, "economy"), "", "example.net", 0.0).relay == "economy"


BULK = '[mta.instances.bulk]\nconfig_directory = "/x"\nport = 1\n'
NORMAL = '[mta.instances.normal]\nconfig_directory = "/y"\nport = 1\n'


@pytest.mark.parametrize(("settings", "problem"), [
    (BULK.replace("bulk", "bulky"), r"mta\.instances\.bulky.*did you mean 'bulk'"),
    (BULK.replace("/x", "x"), r"allowed: an absolute path"),
    (BULK.replace("1", "0"), r"allowed: 1 to 65535"),
    (f"{BULK}lifetime = 0", r"allowed: more than 0"),
    (BULK.replace("/x", "/etc/postfix"), r"is also that of mta"),
    (BULK + NORMAL, r"1 is also that of mta\.instances\.bulk"),
    (f'{BULK}[relays.x]\ntransport = "lane-bulk"\ncost = 1', r"'lane-bulk' is how the lane's instance is called"),
])
def test_instances_that_cannot_be(settings: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        parse(settings)
