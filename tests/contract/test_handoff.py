"""The tracker follows mail from the front into its lane's instance, on Valkey and on Redis, in any order."""

from __future__ import annotations

import pytest

from lanes.config import Settings
from lanes.config.load import parse
from lanes.message import Record
from lanes.mta.postfix.grammar import PostfixGrammar
from lanes.services.tracker import Tracker
from lanes.sla.period import Measure
from lanes.store.costs import Costs
from lanes.store.domains import Domains
from lanes.store.relays import Relays
from lanes.store.store import Candidate, Store
from lanes.store.views import Views
from tests.contract.test_relays import Log

NOW = 1_800_000_000.0
SETTINGS = parse("""
[mta.instances.bulk]
config_directory = "/etc/postfix-bulk"
port = 10071
[relays.economy]
transport = "economy"
cost = 0.001
[budgets.news]
lane = "bulk"
amount = 1.0
""")
ID, NEW = "4jYTDZ4h8bzJC7V", "4jYTDZ4h8czJC7W"
RECORD = Record("bulk", NOW - 10, NOW + 3600, "example.com", 1, "lane-bulk", "b@example.com", "hello")


@pytest.fixture
def settings() -> Settings:
    return SETTINGS


def line(name: str, id: str, said: str) -> str:
    return f"2027-01-15T08:00:00+00:00 mx1 {name}[1]: {id}: {said}"


def tried(name: str, id: str, said: str) -> str:
    host = "127.0.0.1[127.0.0.1]:10071"
    return line(name, id, f"to=<a@example.com>, relay={host}, delay=1, delays=0/0/0.5/0.5, {said}")


HANDED = tried("postfix/lane-bulk/smtp", ID, f"dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as {NEW})")
GONE = line("postfix/qmgr", ID, "removed")
TAKEN = line("postfix-bulk/smtpd", NEW, f"client=localhost[127.0.0.1], orig_queue_id={ID}, orig_client=x[192.0.2.7]")
SENT = tried("postfix-bulk/economy/smtp", NEW, "dsn=2.0.0, status=sent (250 Ok)")
DONE = line("postfix-bulk/qmgr", NEW, "removed")


def follow(store: Store, *stretches: list[str]) -> None:
    """Have the tracker read these stretches of the log, one after the other."""
    log: list[str] = []
    tracker = Tracker(SETTINGS, store, PostfixGrammar(), lambda place: Log(log, place), lambda: NOW + 5)
    for stretch in stretches:
        log += stretch
        tracker.step()


@pytest.fixture
def mail(store: Store) -> None:
    store.admit(ID, [Candidate(RECORD)], NOW - 10)


@pytest.mark.parametrize("stretches", [
    [[TAKEN, HANDED, GONE, SENT, DONE]],
    [[TAKEN], [HANDED], [GONE], [SENT], [DONE]],
    # Two instances write one log, and the second may be late
    [[HANDED, GONE], [TAKEN, SENT, DONE]],
    [[HANDED], [GONE], [TAKEN], [SENT], [DONE]],
])  # fmt: skip
@pytest.mark.usefixtures("mail")
def test_a_message_ends_when_its_lanes_instance_has_delivered_it(
    store: Store, views: Views, stretches: list[list[str]]
) -> None:
    follow(store, *stretches)
    # Then the one message was delivered, in ten seconds and one, and is paid for, to the relay that the log names
    (bulk,) = (status for status in views.status(NOW + 5) if status.lane == "bulk")
    assert (bulk.totals["delivered"], bulk.totals["gone"], bulk.depth) == (1, 0, 0)
    assert bulk.lately.percentile(Measure.QUEUE, 0.5) == pytest.approx(11.0, rel=0.02)
    assert Costs(store.client, SETTINGS).budgets(NOW) == {"news": 1000}


@pytest.mark.usefixtures("mail")
def test_a_message_that_its_instance_refuses_has_bounced(store: Store, views: Views) -> None:
    follow(store, [tried("postfix/lane-bulk/smtp", ID, "dsn=5.3.4, status=bounced (552 too large)"), GONE])
    (bulk,) = (status for status in views.status(NOW + 5) if status.lane == "bulk")
    assert (bulk.totals["bounced"], bulk.depth) == (1, 0)


@pytest.mark.usefixtures("mail")
def test_an_instance_that_is_down_teaches_nothing_of_relays_and_domains(store: Store) -> None:
    follow(store, [tried("postfix/lane-bulk/smtp", ID, "dsn=4.4.1, status=deferred (connect: refused)")])
    assert Relays(store.client, SETTINGS).conditions(NOW)["economy"].health.results == {}
    assert Domains(store.client, store.keys, SETTINGS).seen("bulk", ["example.com"], NOW)["example.com"].known is None
