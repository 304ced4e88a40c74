"""One Postfix takes mail in, and one a lane sends it: real instances, set up by the command, with relays that fail."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator, Sequence

import pytest

from contrib.sandbox.instances import Instances
from contrib.sandbox.mail import Mail, mail
from contrib.sandbox.sink import Sink
from contrib.sandbox.site import Site
from contrib.sandbox.wait import wait_until
from tests.integration.world import UNSUBSCRIBE, decision, told

#: As long as a busy machine may need.
PATIENCE = 60.0
#: A lane that is tried again soon, by its own instance and by the manager.
SETTINGS = """
[lanes.priority]
retry = {{ every = "2s" }}
[lanes.bulk]
batch = {{ size = 3, max_wait = "1h", streams = 2 }}
[roads]
failures = 2
backoff = "1h"
backoff_max = "1h"
explore = "36500d"
[relays.premium]
transport = "premium"
nexthop = "[127.0.0.1]:{premium}"
cost = 0.02
[relays.economy]
transport = "economy"
nexthop = "[127.0.0.1]:{economy}"
cost = 0.001
"""


@pytest.fixture
def premium() -> Iterator[Sink]:
    with Sink() as running:
        yield running


@pytest.fixture
def economy() -> Iterator[Sink]:
    with Sink() as running:
        yield running


@pytest.fixture
def several(request: pytest.FixtureRequest, sink: Sink, premium: Sink, economy: Sink) -> Iterator[Instances]:
    failed_before = request.session.testsfailed
    with Instances(sink.port, SETTINGS.format(premium=premium.port, economy=economy.port)) as running:
        yield running
        if request.session.testsfailed > failed_before:
            print(f"--- mail.log\n{running.site.postfix.log[-6000:]}")
            for program in running.site.programs:
                print(f"--- {program}\n{running.site.log(program)[-2000:]}")


def urgent(number: int = 0) -> Mail:
    return mail(f"Urgent {number}", f"u{number}@far.example", headers={"X-Message-Priority": "urgent"})


def news(number: int) -> Mail:
    return mail(f"News {number}", f"n{number}@far.example", headers=UNSUBSCRIBE)


def came_out(sink: Sink, ids: Sequence[str]) -> None:
    """Wait for messages with these ids in the front: by that it has given them their Message-ID."""

    def there() -> bool:
        return set(ids) <= {message.header("Message-ID").strip("<").partition("@")[0] for message in sink.messages}

    wait_until(there, f"{ids} to arrive", PATIENCE)


def state(site: Site, id: str) -> str:
    """Where a message is, as Redis knows it."""
    return site.views.state_of(id)


def settled(site: Site, count: int) -> list[dict[str, object]]:
    """What the tracker says of the first so many messages' ends."""
    wait_until(lambda: len(told(site, "tracker", "settled")) >= count, f"{count} messages to be settled", PATIENCE)
    return told(site, "tracker", "settled")


def test_each_lanes_mail_leaves_by_its_own_instance_and_is_followed_to_the_end(
    several: Instances, premium: Sink, economy: Sink
) -> None:
    site = several.site
    # Given an urgent message, When it was handed in, Then it has gone by the priority lane's instance and relay
    first = site.send(urgent())
    came_out(premium, [first])
    assert decision(site, first)["relay"] == "lane-priority"
    # And newsletters are held in front, until their batch is whole; then they leave by the bulk lane's
    held = [site.send(news(number)) for number in range(2)]
    wait_until(lambda: all(state(site, id) == "held" for id in held), "the hold")
    assert economy.messages == []
    held.append(site.send(news(2)))
    came_out(economy, held)
    # And each is settled under its new id, as one message: in time, paid for to the relay that the log names
    ends = settled(site, 4)
    assert [end["result"] for end in ends] == ["delivered"] * 4
    assert len(told(site, "tracker", "requeued")) == 4
    assert {end["id"] for end in ends}.isdisjoint([first, *held])
    spent = site.lanes("cost", "--json")
    assert '"premium"' in spent
    assert '"economy"' in spent
    # And nothing is left anywhere
    assert all(not one.queue(name) for one in (site.postfix, *several.behind.values())
               for name in ("hold", "deferred", "active", "incoming"))


def test_the_time_is_counted_from_the_fronts_acceptance(several: Instances, economy: Sink) -> None:
    # Given a newsletter that waits on hold for a while
    site = several.site
    ids = [site.send(news(0))]
    wait_until(lambda: state(site, ids[0]) == "held", "the hold")
    accepted = site.store.records(ids)[ids[0]].accepted
    wait_until(lambda: time.time() > accepted + 2.0, "two seconds")
    # When it is released and delivered, Then all of that counts
    ids += [site.send(news(number)) for number in (1, 2)]
    came_out(economy, ids)
    seconds = [end["seconds"] for end in settled(site, 3)]
    assert max(float(str(one)) for one in seconds) >= 2.0


def test_a_message_to_many_is_handed_over_in_one_piece(several: Instances, premium: Sink, economy: Sink) -> None:
    # Given more recipients than Postfix gives a delivery by default, one of whom is refused
    site = several.site
    many = tuple(f"u{number}@far.example" for number in range(120))
    for one in (premium, economy):
        one.answer("nobody.example", "550 5.1.1 Unknown")
    site.send(urgent()._replace(recipients=(*many, "u@nobody.example")))
    # When all is done, Then it was one message, in one piece, and it ended once, as one that bounced
    assert [end["result"] for end in settled(site, 1)] == ["bounced"]
    assert len(told(site, "tracker", "requeued")) == 1
    # And each of the others has it once, by whichever relay
    came = [to for one in (premium, economy) for message in one.messages if message.subject == "Urgent 0"
            for to in message.recipients]
    assert sorted(came) == sorted(many)


def test_retries_take_another_road_when_a_relay_goes_down(several: Instances, premium: Sink, economy: Sink) -> None:
    # Given urgent mail that goes by the fast relay, which goes down
    site = several.site
    came_out(premium, [site.send(urgent())])
    premium.go_down()
    began = time.monotonic()
    # When more of it comes, Then it fails there, And its retries leave by the other one, by themselves
    ids = [site.send(urgent(number)) for number in range(1, 5)]
    came_out(economy, ids)
    print(f"moved to another road after {time.monotonic() - began:.1f} s")
    assert [end["result"] for end in settled(site, 5)] == ["delivered"] * 5
    wait_until(lambda: told(site, "router", "road", before="premium", relay="economy"), "the router to say so")


def test_while_a_lanes_instance_is_down_its_mail_waits_in_front_and_comes(
    several: Instances, premium: Sink, economy: Sink
) -> None:
    site = several.site
    # Given a priority lane whose instance was killed
    several.behind["priority"].kill()
    ids = [site.send(urgent(number)) for number in range(3)]
    wait_until(lambda: len(site.postfix.queue("deferred")) == 3, "the mail to wait in front", PATIENCE)
    # Then no relay is blamed for that, And other lanes' mail flows
    came_out(economy, [site.send(news(number)) for number in range(3)])
    assert {one["breaker"] for one in json.loads(site.lanes("relays", "--json"))["relays"]} == {"closed"}
    # When it is back, Then all of it comes, once
    several.behind["priority"].start()
    came_out(premium, ids)
    assert [end["result"] for end in settled(site, 6)] == ["delivered"] * 6
    assert len(premium.messages) == 3


def test_without_the_router_mail_waits_and_comes_when_it_is_back(several: Instances, premium: Sink) -> None:
    site = several.site
    # Given a router that is killed
    site.kill("router")
    # When urgent mail comes, Then its instance cannot find the road, and keeps it
    message = site.send(urgent())
    wait_until(lambda: several.behind["priority"].queue("deferred") or site.postfix.queue("deferred"),
               "the mail to wait", PATIENCE)
    # And when it is back, the next try finds it
    site.restart("router")
    came_out(premium, [message])
    assert settled(site, 1)[0]["result"] == "delivered"


def test_what_an_operator_orders_reaches_the_instance_where_the_message_is(
    several: Instances, premium: Sink, economy: Sink
) -> None:
    site = several.site
    # Given a message that is deferred in its lane's instance, since no relay takes it
    premium.go_down()
    economy.go_down()
    site.send_signal("manager", signal.SIGSTOP)
    site.send(urgent())
    priority = several.behind["priority"]
    (id,) = wait_until(lambda: priority.queue("deferred"), "it to be deferred there", PATIENCE)
    wait_until(lambda: state(site, id) == "deferred", "the tracker to know", PATIENCE)
    # When it is put on hold, Then it is held there, And released, it is there again
    site.lanes("hold", id)
    wait_until(lambda: priority.queue("hold") == [id], "it to be on hold there", PATIENCE)
    site.lanes("release", id)
    wait_until(lambda: priority.queue("hold") == [], "it to be off hold", PATIENCE)
    # And a look at all the spools finds nothing amiss
    site.send_signal("manager", signal.SIGCONT)
    found = json.loads(site.lanes("reconcile", "--dry-run", "--json"))
    assert (found["spool"], found["known"], found["adopted"], found["ended"]) == (1, 1, {}, 0)
