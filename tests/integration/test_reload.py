"""Rules and settings change while mail flows; shadow mode looks on and touches nothing."""

from __future__ import annotations

import signal
import time
from pathlib import Path

from contrib.sandbox.mail import mail
from contrib.sandbox.ports import free_port
from contrib.sandbox.sink import Sink
from contrib.sandbox.site import Site
from contrib.sandbox.wait import wait_until
from tests.integration.world import counted

METRICS = free_port()
SETTINGS = f"""
milter.metrics = "127.0.0.1:{METRICS}"
[policy]
rules = ["site-rules.toml", "builtin"]
"""
RULES = """
[[rule]]
name = "reports"
when = {{ subject = {{ match = "^report" }} }}
lane = "{lane}"
"""


def lane_of(site: Site, sink: Sink, subject: str) -> str:
    site.send(mail(subject))
    return sink.wait_for_subject(subject).header("X-Lane")


def reloads(site: Site, result: str) -> float:
    return counted(site, "lanes_reloads_total", result=result)


def rules(site: Site) -> Path:
    return site.folder / "site-rules.toml"


def test_a_changed_rule_acts_and_a_broken_one_leaves_the_old_ones_at_work(sink: Sink) -> None:
    site = Site(sink.port, SETTINGS, programs=("milter",))
    # Given a rule of the site's own
    rules(site).write_text(RULES.format(lane="priority"))
    with site:
        assert lane_of(site, sink, "Report 1") == "priority"
        # When it is changed, without a restart
        rules(site).write_text(RULES.format(lane="normal"))
        wait_until(lambda: reloads(site, "done"), "the rules to be loaded again")
        # Then it acts
        assert lane_of(site, sink, "Report 2") == "normal"
        # And when it is broken, and the filter is told to load it
        rules(site).write_text(RULES.format(lane="nosuch"))
        site.send_signal("milter", signal.SIGHUP)
        wait_until(lambda: reloads(site, "failed"), "the failure to be counted")
        # Then the old rules go on, and the log says what is wrong and where
        assert lane_of(site, sink, "Report 3") == "normal"
        assert "site-rules.toml:5" in site.log("milter")
        assert "nosuch" in site.log("milter")


def test_shadow_mode_decides_and_changes_nothing(sink: Sink) -> None:
    # Given a filter that only looks on
    with Site(sink.port, 'mode = "shadow"', programs=("milter", "tracker")) as site:
        # When bulk mail comes, with a forged header
        id = site.send(mail("News", headers={"List-Unsubscribe": "<https://x.example>", "X-Lane": "forged"}))
        # Then it is delivered at once as it was
        message = sink.wait_for_subject("News")
        assert [value for name, value in message.headers if name.lower().startswith("x-lane")] == ["forged"]
        assert message.header("X-SLA-Deadline") == ""
        # And what would have been done is on record
        record = site.store.records([id])[id]
        assert record.lane == "bulk"
        assert record.evidence[-1].says == "would be held"
        wait_until(lambda: site.views.status(time.time())[2].totals["delivered"] == 1, "it to settle")
