"""Something goes wrong on a running site: it is said once, shown with what to do, and called off when it is over."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from contrib.sandbox.mail import mail
from contrib.sandbox.sink import Sink
from contrib.sandbox.site import Site
from contrib.sandbox.wait import wait_until
from tests.integration.world import running_site, told

#: As shipped, but in seconds.
SETTINGS = """
[manager]
alerts_every = "200ms"
[alerts]
fire_after = "500ms"
clear_after = "1s"
silent_after = "10s"
[lanes.priority]
sla = "4s"
alert_after = "2s"
lead = "1s"
promote_at = "0s"
"""
DELAYED, OVERDUE = 'delayed{lane="priority"}', 'overdue{lane="priority"}'


@pytest.fixture
def site(sink: Sink, request: pytest.FixtureRequest) -> Iterator[Site]:
    with running_site(request, sink, SETTINGS) as running:
        yield running


def alerts(site: Site) -> dict[str, dict[str, Any]]:
    """What ``lanes alerts`` says, by name and what it is about."""
    found = json.loads(site.lanes("alerts", "--json"))
    return {f"{alert['alert']} {' '.join(alert['labels'].values())}": alert for alert in found}


def wait_for(site: Site, event: str, alert: str) -> None:
    wait_until(lambda: told(site, "manager", event, alert=alert), f"{event}: {alert}", 30)


def test_a_stuck_destination_is_an_alert_until_its_mail_is_delivered(site: Site, sink: Sink) -> None:
    # Given a site on which nothing is wrong, once all its programs were heard of
    wait_until(lambda: all(program.heard for program in site.alerts.programs(0.0)), "everybody's first word")
    assert site.lanes("alerts") == "nothing is wrong\n"
    # When a one-time code cannot be delivered
    sink.answer("stuck.example", "451 4.7.1 Later")
    id = site.send(mail("Your verification code is 123456", "ann@stuck.example"))
    # Then it is said that it waits, and that it is late, and where to look
    wait_for(site, "alert fired", DELAYED)
    wait_for(site, "alert fired", OVERDUE)
    assert set(alerts(site)) == {"delayed priority", "overdue priority"}
    assert "lanes ls --lane priority --state deferred" in site.lanes("alerts")
    assert "1 message of lane priority with the MTA past the deadline" in site.lanes("status")
    # And a manager that is started again does not say so again
    site.kill("manager")
    site.restart("manager")
    # And when it is delivered, it is called off
    sink.answer("stuck.example", "")
    site.postfix.command("postqueue", "-i", id)
    for alert in (DELAYED, OVERDUE):
        wait_for(site, "alert cleared", alert)
        assert len(told(site, "manager", "alert fired", alert=alert)) == 1
        assert len(told(site, "manager", "alert cleared", alert=alert)) == 1
    assert site.lanes("alerts") == "nothing is wrong\n"


def test_a_program_that_hangs_is_said_to_be_silent_and_so_is_the_manager_itself(site: Site) -> None:
    silent = 'silent{program="worker"}'
    # Given a worker that is idle and well
    wait_until(lambda: site.alerts.programs(0.0)[1].heard, "the worker's first word")
    # When it hangs
    site.send_signal("worker", signal.SIGSTOP)
    # Then the manager says so; and that it is over when it is
    wait_for(site, "alert fired", silent)
    assert alerts(site)["silent worker"]["severity"] == "critical"
    site.send_signal("worker", signal.SIGCONT)
    wait_for(site, "alert cleared", silent)
    assert len(told(site, "manager", "alert fired", alert=silent)) == 1
    # And when the manager itself is gone
    site.kill("manager")
    # Then whoever asks is told
    wait_until(lambda: "silent manager" in alerts(site), "the manager's silence to be seen", 30)
    assert "silent worker" not in alerts(site)
