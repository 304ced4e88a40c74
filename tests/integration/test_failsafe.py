"""Everything that releases mail is dead for good; held mail goes all the same, and nobody else's hold does."""

from __future__ import annotations

import time

from contrib.sandbox.mail import Mail, mail
from contrib.sandbox.sink import Sink
from contrib.sandbox.site import Site
from contrib.sandbox.wait import wait_until
from lanes.life import State
from tests.integration.world import UNSUBSCRIBE, told

#: Patient enough for a manager that starts slowly, and waves so small that there are several.
SETTINGS = """
[failsafe]
after = "20s"
wave = 5
every = "300ms"
"""


def newsletter(number: int, domain: str = "bulk.example") -> Mail:
    """The higher the number, the earlier its deadline."""
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 20_000 - 100 * number))
    return mail(f"News {number}", f"reader{number}@{domain}", headers={**UNSUBSCRIBE, "X-SLA-Deadline": soon})


def test_with_redis_manager_and_worker_dead_for_good_nothing_of_ours_stays_held(site: Site, sink: Sink) -> None:
    # Given held mail, and mail that an administrator put on hold after its release
    sink.answer("stuck.example", "451 4.7.1 Later")
    admins = site.send(newsletter(0, "stuck.example"))
    site.lanes("release", admins)
    wait_until(lambda: site.postfix.queue("defer") == [admins], "the message to be tried")
    site.postfix.command("postsuper", "-h", admins)
    ours = site.send_all([newsletter(number) for number in range(1, 21)], connections=1)
    kept = site.send(newsletter(21))
    site.lanes("hold", kept)
    # When all that could release it dies, and Redis, too
    for program in ("manager", "worker", "tracker"):
        site.kill(program)
    site.redis.kill()
    # Then nothing of ours stays on hold, and what others hold does
    wait_until(lambda: set(site.postfix.queue("hold")) == {admins, kept}, "our holds to end", timeout=90)
    arrived = [message.queue_id for message in sink.wait_for(20)]
    assert set(arrived) == set(ours)
    # And it went in waves, the earliest deadline first
    waves = told(site, "failsafe", "wave")
    assert [wave["messages"] for wave in waves] == [5, 5, 5, 5]
    assert waves[-1]["silent"] == ["manager", "worker"]
    expected = list(reversed(ours))
    assert [set(arrived[start : start + 5]) for start in (0, 5, 10, 15)] == [
        set(expected[start : start + 5]) for start in (0, 5, 10, 15)
    ]
    # And when all is back, it counts as delivered
    site.redis.start()
    for program in ("manager", "worker", "tracker"):
        site.restart(program)
    wait_until(lambda: site.views.status(time.time())[2].totals["delivered"] == 20, "all of it to settle")
    assert {site.views.state_of(admins), site.views.state_of(kept)} == {State.WITHHELD, State.KEPT}


def test_while_they_are_at_work_nothing_is_released(site: Site) -> None:
    # Given held mail, and a manager that is away for less than it may
    held = site.send_all([newsletter(number) for number in range(3)])
    began = time.time()
    site.kill("manager")
    wait_until(lambda: time.time() > began + 6, "the manager to be missed", timeout=20)
    site.restart("manager")
    # When more than that has gone by
    wait_until(lambda: time.time() > began + 26, "time to pass", timeout=40)
    # Then nothing was released, by the program or by hand
    assert site.lanes("failsafe", "--dry-run") == "silent: nobody; on our hold: 3\n"
    site.lanes("failsafe", "--once")
    assert set(site.postfix.queue("hold")) == set(held)
    assert told(site, "failsafe", "wave") == []


def test_one_look_is_enough_for_a_timer(sink: Sink) -> None:
    # Given a site where nothing runs but the filter and Redis
    with Site(sink.port, SETTINGS, programs=("milter",)) as site:
        held = site.send_all([newsletter(number) for number in range(12)])
        assert site.lanes("failsafe", "--dry-run") == "silent: manager, worker; on our hold: 12\n"
        assert len(site.postfix.queue("hold")) == 12
        # When the failsafe looks once
        site.lanes("failsafe", "--once")
        # Then all of it has gone
        assert site.postfix.queue("hold") == []
        assert {message.queue_id for message in sink.wait_for(12)} == set(held)
