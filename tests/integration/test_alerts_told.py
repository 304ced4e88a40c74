"""What fires is told: to a webhook, an Alertmanager, people and programs, exactly once, and also when it is over."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from contrib.sandbox.alertmanager import PrivateAlertmanager
from contrib.sandbox.hook import Hook, Posted
from contrib.sandbox.mail import mail
from contrib.sandbox.ports import LOOPBACK, free_port
from contrib.sandbox.sink import Sink
from contrib.sandbox.site import Site
from contrib.sandbox.wait import wait_until
from lanes.services.up import PROGRAMS
from tests.integration.world import arrived, told

#: As shipped, but in seconds.
SETTINGS = """
[manager]
alerts_every = "200ms"
[alerts]
fire_after = "500ms"
clear_after = "1s"
silent_after = "{silent_after}"
[lanes.priority]
sla = "4s"
alert_after = "2s"
lead = "1s"
promote_at = "0s"
"""


@pytest.fixture
def hook() -> Iterator[Hook]:
    with Hook() as running:
        yield running


@contextmanager
def running(site: Site) -> Iterator[Site]:
    """The site at work; it shows its logs if the test fails meanwhile."""
    with site:
        try:
            yield site
        except BaseException:
            for program in site.programs:
                print(f"--- {program}\n{site.log(program)[-3000:]}")
            print(site.postfix.log[-3000:])
            raise


def a_site(
    sink: Sink, sinks: str, programs: Sequence[str] = (*PROGRAMS, "notifier"), silent_after: str = "10s"
) -> Site:
    return Site(sink.port, SETTINGS.format(silent_after=silent_after) + sinks, programs=programs)


def webhook(hook: Hook, name: str = "hook", more: str = "") -> str:
    return f'[alerts.sinks.{name}]\nkind = "webhook"\nurl = "{hook.url}/{name}"\n{more}'


def says(post: Posted) -> list[str]:
    """What a webhook was told, alert by alert."""
    return [f"{one['status']} {one['alert']} {' '.join(one['labels'].values())}" for one in post.json["alerts"]]


def heard(hook: Hook, path: str = "/hook") -> list[str]:
    """All that a webhook took so far."""
    return [word for post in hook.posts if post.path == path and post.status == 200 for word in says(post)]


def wait_to_hear(hook: Hook, word: str, timeout: float = 40.0) -> Posted:
    return hook.wait_for(lambda post: post.status == 200 and word in says(post), word, timeout)


def test_a_worker_that_hangs_is_told_once_and_so_is_its_return(sink: Sink, hook: Hook) -> None:
    with running(a_site(sink, webhook(hook))) as site:
        # Given a site on which nothing is wrong
        wait_until(lambda: all(one.heard for one in site.alerts.programs(0.0)), "everybody's first word")
        # When its worker hangs, and does nothing any more, not even for alerts
        site.send_signal("worker", signal.SIGSTOP)
        # Then it is told
        post = wait_to_hear(hook, "firing silent worker")
        assert post.json["mta"] == site.settings.mta.name
        assert "systemctl status lanes-worker" in post.json["text"]
        # And those who are started again do not tell it again
        for program in ("manager", "notifier"):
            site.kill(program)
            site.restart(program)
        # And when it works again, that is told
        site.send_signal("worker", signal.SIGCONT)
        wait_to_hear(hook, "resolved silent worker")
        assert heard(hook) == ["firing silent worker", "resolved silent worker"]


def test_the_manager_that_is_gone_is_told_of_by_the_notifier(sink: Sink, hook: Hook) -> None:
    # Given a notifier, which looks every five seconds, as the worker says every five seconds that it is there
    site = a_site(sink, webhook(hook), ("manager", "worker", "tracker", "notifier"), silent_after="15s")
    with running(site):
        wait_until(lambda: all(one.heard for one in site.alerts.programs(0.0)), "everybody's first word")
        # When the manager dies, and something else goes wrong, too
        site.kill("manager")
        site.send_signal("tracker", signal.SIGSTOP)
        # Then the notifier says so
        wait_to_hear(hook, "firing silent manager")
        wait_to_hear(hook, "firing silent tracker")
        # And with both back, it is told as if the manager had been there
        site.send_signal("tracker", signal.SIGCONT)
        site.restart("manager")
        for program in ("manager", "tracker"):
            wait_to_hear(hook, f"resolved silent {program}")
        assert len(heard(hook)) == 4


def test_a_sink_that_fails_is_tried_again_and_keeps_nobody_waiting(sink: Sink, hook: Hook) -> None:
    # Given a web server that has an error, and one that works
    with Hook() as broken:
        broken.answer(500)
        site = a_site(sink, webhook(hook) + webhook(broken, "broken"), ("manager", "tracker", "notifier"))
        with running(site):
            # When something is wrong: there is no worker
            wait_to_hear(hook, "firing silent worker")
            # Then the one that fails was tried, and what came of it is counted and said
            broken.wait_for(lambda post: post.status == 500, "the first try")
            wait_until(lambda: sinks(site)["broken"]["failed"], "the failure to be counted")
            record = sinks(site)["broken"]
            assert (record["told"], record["fails"]) == (0, True)
            assert record["why"] == "it answered 500 Internal Server Error"
            # And when it works, it is told as well, under the same id
            broken.answer(200)
            post = broken.wait_for(lambda post: post.status == 200, "the next try", 60)
            assert says(post) == ["firing silent worker"]
            assert post.json["id"] == broken.posts[0].json["id"]
            wait_until(lambda: sinks(site)["broken"]["told"], "the success to be counted")
            assert not sinks(site)["broken"]["fails"]


def sinks(site: Site) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = json.loads(site.lanes("alerts", "sinks", "--json"))
    return found


def test_what_is_over_before_a_sink_can_be_told_is_told_as_that(sink: Sink, hook: Hook) -> None:
    hook.answer(500)
    with running(a_site(sink, webhook(hook), ("manager", "tracker", "notifier"))) as site:
        # Given an alert of which the sink did not want to hear
        hook.wait_for(lambda post: says(post) == ["firing silent worker"], "a try", 40)
        # When its cause is gone, and only then the sink works
        site.start("worker")
        wait_until(lambda: told(site, "manager", "alert cleared"), "the alert to clear", 30)
        hook.answer(200)
        # Then the sink is told what it was, and is not told any more that it fires
        wait_to_hear(hook, "resolved silent worker")
        wait_until(lambda: told(site, "notifier", "notice dropped", sink="hook"), "the old notice to be dropped", 60)
        assert heard(hook) == ["resolved silent worker"]


def test_every_kind_of_sink_is_told_of_mail_that_is_stuck(sink: Sink, hook: Hook) -> None:
    with Hook() as elsewhere, PrivateAlertmanager(elsewhere.url) as alertmanager:
        site = a_site(sink, webhook(hook) + LOG)
        site.add_settings(f'[alerts.sinks.am]\nkind = "alertmanager"\nurl = "{alertmanager.url}"\n')
        site.add_settings(by_pager(site) + by_mail(site, "ops@example.com"))
        with running(site):
            # When a one-time code cannot be delivered
            sink.answer("stuck.example", "451 4.7.1 Later")
            id = site.send(mail("Your verification code is 123456", "ann@stuck.example"))
            # Then everybody is told that it waits
            wait_to_hear(hook, "firing delayed priority")
            wait_until(lambda: "delayed" in names(alertmanager), "Alertmanager to know")
            wait_until(lambda: "firing delayed priority" in paged(site), "the pager to know")
            wait_until(lambda: told(site, "notifier", "alert", status="firing", alert="delayed"), "the log to say so")
            # And people by mail, which takes the urgent lane
            first = wait_until(lambda: [m for m in sink.messages if "ops@example.com" in m.recipients], "the mail")[0]
            assert "mx1: warning: " in first.subject
            assert first.header("X-Lane") == "priority"
            assert first.header("X-Lane-Alert") == "mx1"
            # And when it is delivered
            sink.answer("stuck.example", "")
            site.postfix.command("postqueue", "-i", id)
            # Then everybody is told that it is over
            wait_to_hear(hook, "resolved delayed priority")
            wait_until(lambda: "delayed" not in names(alertmanager), "Alertmanager to know")
            wait_until(lambda: "resolved delayed priority" in paged(site), "the pager to know")
            wait_until(lambda: told(site, "notifier", "alert", status="resolved", alert="delayed"), "the log to say so")
            wait_until(lambda: any(m.subject.startswith("mx1: cleared: ") for m in sink.messages), "the mail")
            for kind, record in sinks(site).items():
                assert record["told"], kind
                assert not record["failed"], kind


LOG = '[alerts.sinks.journal]\nkind = "log"\n'


def by_pager(site: Site) -> str:
    """A command that keeps what it is told, a line a notice."""
    pager = site.folder / "pager"
    pager.write_text(f"#!{sys.executable}\nprint(input(), file=open({str(site.folder / 'paged')!r}, 'a'))\n")
    pager.chmod(0o755)
    return f'[alerts.sinks.page]\nkind = "command"\nargv = ["{pager}"]\n'


def by_mail(site: Site, to: str) -> str:
    server = f"{LOOPBACK}:{site.postfix.port}"
    return f'[alerts.sinks.ops]\nkind = "mail"\nfrom = "lanes@example.net"\nto = ["{to}"]\nserver = "{server}"\n'


def names(alertmanager: PrivateAlertmanager) -> set[str]:
    return {alert["labels"]["alertname"] for alert in alertmanager.alerts}


def paged(site: Site) -> list[str]:
    """What the command was told, alert by alert."""
    path = site.folder / "paged"
    lines = path.read_text().splitlines() if path.exists() else []
    return [f"{one['status']} {one['alert']} {' '.join(one['labels'].values())}"
            for line in lines for one in json.loads(line)["alerts"]]


def test_mail_about_alerts_causes_none_however_long_it_is_stuck(sink: Sink, hook: Hook) -> None:
    # Given people whose own mailbox cannot be reached
    sink.answer("dead.example", "451 4.7.1 Later")
    programs = ("milter", "manager", "tracker", "notifier")
    site = a_site(sink, webhook(hook), programs)
    site.add_settings(by_mail(site, "ops@dead.example"))
    with running(site):
        # When they are told of something
        wait_to_hear(hook, "firing silent worker")
        wait_until(lambda: site.postfix.queue("deferred"), "the mail to be stuck")
        # And it is stuck for longer than mail may wait, and Redis was compared with the spool meanwhile
        site.restart("worker")
        wait_to_hear(hook, "resolved silent worker")
        assert json.loads(site.lanes("reconcile", "--json"))["adopted"] == {}
        wait_until(lambda: len(site.postfix.queue("deferred")) == 2, "the second mail to be stuck", 30)
        # Then nothing is told of it: the lanes do not count it
        assert site.lanes("alerts") == "nothing is wrong\n"
        assert all(status.depth == 0 for status in site.views.status(0.0))
        assert heard(hook) == ["firing silent worker", "resolved silent worker"]
        # And nothing came back to anybody
        assert [message.subject for message in sink.messages] == []
        # And what only says that it is one is mail like all other
        id = site.send(mail("Hello", "ops@example.com", sender="", headers={"X-Lane-Alert": "mx1"}))
        assert arrived(sink, id).header("X-Lane-Alert") == ""
        assert site.views.state_of(id)


def test_a_sink_can_be_tried(sink: Sink, hook: Hook) -> None:
    gone = f"http://{LOOPBACK}:{free_port()}/hidden"
    wrong = f'[alerts.sinks.gone]\nkind = "webhook"\nurl = "{gone}"\nheaders = {{ Authorization = "hidden" }}\n'
    with running(a_site(sink, webhook(hook) + wrong, ("notifier",), silent_after="1h")) as site:
        # When a sink is tried
        assert site.lanes("alerts", "test", "hook") == "hook: told: 200 OK\n"
        # Then it hears that it is a test
        (post,) = hook.posts
        assert (post.json["test"], says(post)) == (True, ["firing test "])
        # And what goes wrong is said, without secrets, and is not tried again
        failed = subprocess.run(site.command("alerts", "test", "gone"), capture_output=True, text=True, check=False)
        assert (failed.returncode, failed.stderr) == (1, "Error: gone: failed: [Errno 111] Connection refused\n")
        assert site.redis.client().zcard("rq:scheduled:notify") == 0
        assert "hidden" not in site.log("notifier")
        # And so is that there is no such sink
        unknown = subprocess.run(site.command("alerts", "test", "hok"), capture_output=True, text=True, check=False)
        assert unknown.returncode == 2
        assert "no such sink: hok; did you mean 'hook'? (known: gone, hook)" in unknown.stderr
