"""Two MTAs share one Redis: each has its own mail, queue, manager and worker, and nothing crosses over."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from contrib.sandbox.mail import Mail, mail
from contrib.sandbox.redis import PrivateRedis
from contrib.sandbox.sink import Sink
from contrib.sandbox.site import Site
from contrib.sandbox.wait import wait_until
from lanes.jobs.queues import enqueue_release, mta_queue
from lanes.life import State
from lanes.schedule.view import Wave
from lanes.store.leader import who_leads
from lanes.store.mtas import Mtas
from tests.integration.world import UNSUBSCRIBE, running_site, told

SETTINGS = """
alerts.silent_after = "10s"
alerts.clear_after = "1s"
manager.alerts_every = "250ms"
[lanes.bulk]
sla = "10m"
lead = "30s"
promote_at = "40s"
batch = { size = 25, max_wait = "5m", streams = 5 }
"""

#: Programs that say again and again that they are there.
HEARD_OF = ("manager", "worker", "tracker")


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running


@pytest.fixture(scope="module")
def sites(sink: Sink, request: pytest.FixtureRequest) -> Iterator[list[Site]]:
    with ExitStack() as stack:
        shared = stack.enter_context(PrivateRedis())
        yield [stack.enter_context(running_site(request, sink, SETTINGS, mta=name, redis_url=shared.url))
               for name in ("mx1", "mx2")]


def news(count: int, domain: str) -> list[Mail]:
    return [mail(f"News {n}", f"reader{n}@{domain}", headers=UNSUBSCRIBE) for n in range(count)]


def held(site: Site) -> set[str]:
    return {id for id, _ in site.views.in_state(State.HELD, "bulk", 1000)}


def released(site: Site) -> int:
    return sum(line["released"] for line in told(site, "worker", "release"))


def test_each_holds_and_releases_its_own_mail_for_the_same_domain(sites: list[Site], sink: Sink) -> None:
    # Given mail for one domain, of which each MTA holds less than a batch, and both together more
    ids = [set(site.send_all(news(24, "both.example"))) for site in sites]
    assert [held(site) for site in sites] == ids
    assert [set(site.postfix.queue("hold")) for site in sites] == ids
    # When one of them has a whole batch
    first, second = sites
    ids[0] |= {first.send(news(1, "both.example")[0])}
    # Then its mail leaves, and the other's does not
    wait_until(lambda: all(first.views.state_of(id) == "settled" for id in ids[0]), "the first one's to settle", 20)
    assert {message.queue_id for message in sink.messages} == ids[0]
    assert (held(second), set(second.postfix.queue("hold"))) == (ids[1], ids[1])
    # And when the other one has a batch, too, it is carried out by the other's worker
    ids[1] |= {second.send(news(1, "both.example")[0])}
    wait_until(lambda: all(second.views.state_of(id) == "settled" for id in ids[1]), "the second one's to settle", 20)
    assert [released(site) for site in sites] == [25, 25]
    assert sorted(message.queue_id for message in sink.messages) == sorted(ids[0] | ids[1])


def test_claims_of_one_mean_nothing_to_the_other_ones_worker(sites: list[Site]) -> None:
    # Given mail of the first MTA that is claimed
    first, second = sites
    before = [released(site) for site in sites]
    ids = first.send_all(news(3, "claimed.example"))
    claimed = first.store.claim(Wave("bulk", "claimed.example", 3, "test"), 2**40)
    assert sorted(claimed) == sorted(ids)
    # When the other one's worker is told to release it
    queue = mta_queue(second.store.client, second.settings)
    enqueue_release(queue, second.settings, ids)
    wait_until(lambda: not queue.get_job_ids() and not queue.started_job_registry.get_job_ids(), "the job to be done")
    # Then nothing comes of it
    assert [released(site) for site in sites] == before
    assert set(first.postfix.queue("hold")) >= set(ids)
    # And the first one's own worker releases it
    enqueue_release(mta_queue(first.store.client, first.settings), first.settings, ids)
    wait_until(lambda: all(first.views.state_of(id) == "settled" for id in ids), "it to settle", 20)
    assert [released(site) for site in sites] == [before[0] + 3, before[1]]


def test_a_lane_that_one_pauses_goes_on_with_the_other(sites: list[Site]) -> None:
    # Given a lane that is paused at the first MTA
    first, second = sites
    first.lanes("pause", "normal")
    try:
        # When mail of that lane comes to both
        kept, passed = (site.send(mail("Receipt")) for site in sites)
        # Then the other's is delivered, and the first one's waits
        wait_until(lambda: second.views.state_of(passed) == "settled", "the other's to settle", 20)
        assert first.views.state_of(kept) == State.HELD
    finally:
        first.lanes("resume", "normal")
    wait_until(lambda: first.views.state_of(kept) == "settled", "the first one's to settle", 20)


def test_lanes_of_both_are_shown_together_at_either(sites: list[Site]) -> None:
    # Given mail that both hold
    counts = [2, 3]
    for site, count in zip(sites, counts, strict=True):
        site.send_all(news(count, "shown.example"))
    alone = [site.views.status(time.time())[2] for site in sites]
    # When one asks at either of them for all
    for site in sites:
        shown = json.loads(site.lanes("status", "--all", "--json"))
        # Then both's mail is counted, and both's programs were heard of lately
        bulk = shown["lanes"][2]
        assert bulk["lane"] == "bulk"
        assert (bulk["states"]["held"], bulk["depth"]) == (5, 5)
        assert bulk["totals"]["delivered"] == sum(lane.totals["delivered"] for lane in alone)
        assert bulk["p50_seconds"] > 0
        assert [mta["mta"] for mta in shown["mtas"]] == ["mx1", "mx2"]
        assert all(0 <= mta[f"{program}_seconds"] < 10 for mta in shown["mtas"] for program in HEARD_OF)
        assert shown["leader"] in ("mx1", "mx2")
        # And people see it, too
        table = site.lanes("status", "--all")
        assert all(word in table for word in ("bulk", "mx1", "mx2", "tracker", "leads"))


def test_an_mta_whose_manager_is_gone_is_noticed_by_the_other_one(sites: list[Site]) -> None:
    # Given two managers, one of which leads
    wait_until(lambda: who_leads(sites[0].store.client), "a leader")
    leads, other = sorted(sites, key=lambda site: site.settings.mta.name != who_leads(site.store.client))
    # When the leader's manager is killed
    leads.kill("manager")
    # Then the other one leads, and tells of it
    name = leads.settings.mta.name
    alert = f'silent{{mta="{name}",program="manager"}}'
    fired = wait_until(lambda: told(other, "manager", "alert fired", alert=alert), "the alert", 30)
    assert fired[0]["summary"].startswith(f"nothing was heard of the manager of {name} for ")
    assert who_leads(other.store.client) == other.settings.mta.name
    (shown,) = json.loads(other.lanes("alerts", "--all", "--json"))
    assert shown["labels"] == {"mta": name, "program": "manager"}
    # And when it is back, nothing is wrong, and it does not lead
    leads.restart("manager")
    wait_until(lambda: not Mtas(other.store, other.settings).firing(time.time()), "nothing to be wrong", 20)
    assert who_leads(other.store.client) == other.settings.mta.name
