"""The doctor finds a healthy site well; of what is broken it finds each thing alone, and what it says mends it."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from contrib.sandbox.mail import mail
from contrib.sandbox.sink import Sink
from contrib.sandbox.site import Site
from contrib.sandbox.wait import wait_until
from lanes.doctor.probes import mail as look_at_mail
from lanes.life import State
from tests.integration.world import UNSUBSCRIBE, arrived

PATIENCE = 60.0
SETTINGS = """
alerts.silent_after = "20s"
failsafe.after = "20s"
manager.lease = "5s"
policy.deadline_floor = "1s"
[relays.economy]
transport = "economy"
nexthop = "[127.0.0.1]:{port}"
cost = 0.001
preference = "economy"
"""
#: Postfix's own files, for `postfix check`.
PARAMETERS = {"meta_directory": "/etc/postfix"}


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running


@pytest.fixture(scope="module")
def site(sink: Sink) -> Iterator[Site]:
    """A site of a user without privileges, as far as its files go, that is set up and has had mail."""
    with Site(sink.port, SETTINGS.format(port=sink.port), parameters=PARAMETERS) as running:
        os.chown(running.folder, pwd.getpwnam("nobody").pw_uid, -1)
        shutil.chown(running.postfix.log_path, group="adm")
        running.postfix.log_path.chmod(0o640)
        running.lanes("setup", "postfix", "--apply")
        running.postfix.command("postfix", "reload")
        arrived(sink, running.send(mail("First")))
        wait_until(lambda: diagnosis(running)["well"], "the site to be well", PATIENCE, every=1.0)
        yield running


@pytest.fixture(autouse=True)
def _configuration_comes_back(site: Site) -> Iterator[None]:
    """Whatever a test does to Postfix's files is undone after it."""
    files = {path: path.read_bytes() for path in site.postfix.config.iterdir() if path.is_file()}
    yield
    for path, content in files.items():
        path.write_bytes(content)


def examined(site: Site, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(site.command("doctor", *options), capture_output=True, text=True, check=False)


def diagnosis(site: Site) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(examined(site, "--json").stdout)
    return told


def found(site: Site) -> dict[str, dict[str, str]]:
    """What is wrong, by check."""
    return {finding["check"]: finding for finding in diagnosis(site)["findings"] if finding["severity"] == "wrong"}


def run(command: str) -> None:
    """As who was told to."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}:/usr/sbin"
    subprocess.run(command, shell=True, check=True, capture_output=True, env={**os.environ, "PATH": path})


def set_main(site: Site, line: str) -> None:
    site.postfix.command("postconf", "-e", line)


def chmod(path: Path, mode: int) -> None:
    path.chmod(mode)


def socket_of(site: Site) -> Path:
    return Path(site.settings.milter.socket.partition(":")[2])


BREAKS: dict[str, tuple[str, Callable[[Site], object]]] = {
    "the socket is closed to the MTA's group": ("socket", lambda site: chmod(socket_of(site), 0o600)),
    "the socket's folder is closed": ("socket", lambda site: chmod(socket_of(site).parent, 0o700)),
    "somebody comes after the filter": ("smtpd_milters", lambda site: set_main(
        site, f"smtpd_milters = {site.postfix.setting('smtpd_milters')}, inet:127.0.0.1:1")),
    "mail is refused while the filter is away": ("smtpd_milters", lambda site: set_main(
        site, f"smtpd_milters = {site.postfix.setting('smtpd_milters').replace('=accept', '=tempfail')}")),
    "mail waits for long for the filter": ("smtpd_milters", lambda site: set_main(
        site, f"smtpd_milters = {site.postfix.setting('smtpd_milters').replace('content_timeout=20s', '')}")),
    "the filter is not asked of local mail": ("non_smtpd_milters", lambda site: set_main(site, "non_smtpd_milters =")),
    "ids are short": ("enable_long_queue_ids", lambda site: set_main(site, "enable_long_queue_ids = no")),
    "a transport is missing": ("economy/unix", lambda site: site.postfix.command("postconf", "-MX", "economy/unix")),
    "a transport has no name in the log": ("economy/unix/syslog_name", lambda site: site.postfix.command(
        "postconf", "-PX", "economy/unix/syslog_name")),
    "the map lacks a relay": ("lane_routes", lambda site: (site.postfix.config / "lane_routes").write_text("")),
    "no map is asked": ("milter_header_checks", lambda site: set_main(site, "milter_header_checks =")),
    "a domain of its own is not known": ("mta.own_domains", lambda site: set_main(site, "mydestination = a.example")),
    "Redis keeps nothing": ("redis-appendonly", lambda site: site.redis.client().config_set("appendonly", "no")),
    "Redis throws data away": ("redis-eviction", lambda site: site.redis.client().config_set(
        "maxmemory-policy", "allkeys-lru")),
    "the log is closed to the tracker": ("log", lambda site: chmod(site.postfix.log_path, 0o600)),
    "everybody may write in data_dir": ("data-dir", lambda site: chmod(site.folder, 0o777)),
}


@pytest.mark.parametrize("what", BREAKS)
def test_what_is_broken_is_found_alone_and_mended_by_what_is_said(site: Site, what: str) -> None:
    # Given a site that is well, When one thing is broken
    check, damage = BREAKS[what]
    damage(site)
    # Then that is found, and nothing else
    findings = found(site)
    assert list(findings) == [check]
    assert findings[check]["why"]
    # When the command that it names is run, Then the site is well
    run(findings[check]["mend"])
    assert found(site) == {}


def test_a_healthy_site_is_well(site: Site) -> None:
    done = examined(site)
    assert (done.returncode, done.stderr) == (0, "")
    assert "nothing wrong" in done.stdout
    assert "not looked at" not in done.stdout


def test_a_program_that_ended_is_found_and_restarted(site: Site) -> None:
    # Given a tracker that ended
    site.kill("tracker")
    # When nothing was heard of it for a while
    findings = wait_until(lambda: found(site), "it to be missed", PATIENCE, every=1.0)
    # Then it is named, and how to start it
    assert {name: finding["mend"] for name, finding in findings.items()} == {
        "tracker": "systemctl restart lanes-tracker"}
    # And when it is there again, all is well
    site.restart("tracker")
    wait_until(lambda: not found(site), "it to be heard of", PATIENCE, every=1.0)


def test_a_failsafe_that_is_not_at_work_is_found(site: Site) -> None:
    site.kill("failsafe", signal.SIGTERM)
    assert list(wait_until(lambda: found(site), "it to be missed", PATIENCE, every=1.0)) == ["failsafe"]
    site.restart("failsafe")
    wait_until(lambda: not found(site), "it to be heard of", PATIENCE, every=1.0)


def test_a_filter_that_ended_is_found(site: Site) -> None:
    site.kill("milter", signal.SIGTERM)
    assert found(site)["socket"]["mend"] == "systemctl restart lanes-milter"
    site.restart("milter")
    assert found(site) == {}


def test_mail_that_is_held_past_its_deadline_is_found(site: Site) -> None:
    # Given a lane that was paused, and mail of it whose deadline passes
    site.lanes("pause", "bulk")
    soon = (datetime.now(UTC) + timedelta(seconds=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    id = site.send(mail("Late", headers={**UNSUBSCRIBE, "X-SLA-Deadline": soon}))
    # When it is past it
    findings = wait_until(lambda: found(site), "it to be overdue", PATIENCE, every=1.0)
    # Then it is found, and why
    assert list(findings) == ["held-overdue"]
    assert "the lane is paused" in findings["held-overdue"]["what"]
    # When the command is run, Then it leaves, and all is well
    run(findings["held-overdue"]["mend"])
    wait_until(lambda: site.views.state_of(id) != State.HELD, "it to leave", PATIENCE)
    wait_until(lambda: not found(site), "the site to be well", PATIENCE, every=1.0)


def test_held_mail_that_redis_does_not_know_is_found(site: Site) -> None:
    # Given held mail that Redis has forgotten
    id = site.send(mail("Unknown", headers=UNSUBSCRIBE))
    wait_until(lambda: id in site.postfix.queue("hold"), "it to be held")
    store, settings = site.store, site.settings
    store.client.zrem(store.keys.state(State.HELD, "bulk"), id)
    # When that is looked at so much later that it is no late news
    seen = look_at_mail.spool(store, settings, time.time() + 120)
    # Then it is found
    assert seen.unknown == [id]
    site.lanes("reconcile")
    site.lanes("release", id)


def test_a_log_with_another_clock_is_found(site: Site) -> None:
    # Given a line in the log by a clock that is two hours ahead
    ahead = (datetime.now() + timedelta(hours=2)).strftime("%b %e %H:%M:%S")  # noqa: DTZ005 - syslog's is local, too
    with site.postfix.log_path.open("a") as log:
        log.write(f"{ahead} mx1 postfix/smtpd[1]: connect from elsewhere\n")
    # Then it is found, until a line comes that is right
    assert list(found(site)) == ["log-clock"]
    site.send(mail("In time"))
    wait_until(lambda: not found(site), "the site to be well", PATIENCE, every=1.0)


def test_an_mta_that_does_not_run_is_found(site: Site) -> None:
    site.postfix.stop()
    assert found(site)["mta"]["mend"] == f"postfix -c {site.postfix.config} start"
    site.postfix.start()
    assert found(site) == {}


def test_without_redis_the_rest_is_looked_at(site: Site) -> None:
    # Given a Redis that is away, and short ids
    site.redis.kill()
    set_main(site, "enable_long_queue_ids = no")
    # Then both are found, and what could not be looked at is said
    told = diagnosis(site)
    assert [finding["check"] for finding in told["findings"]] == ["enable_long_queue_ids", "redis"]
    assert "every program is heard of" in {one["check"] for one in told["unchecked"]}
    # And when it is back, the programs are heard of again
    site.redis.start()
    back = time.time()
    wait_until(lambda: all((one.heard or 0.0) > back for one in site.alerts.programs(back)), "all to be back", PATIENCE)


def test_an_api_that_others_reach_is_a_hint_and_not_wrong(site: Site, tmp_path: Path) -> None:
    # Given settings by which the API is open to others
    own = tmp_path / "lanes.toml"
    own.write_text((site.folder / "lanes.toml").read_text().replace('web.listen = ""', 'web.listen = "0.0.0.0:8025"')
                   + f'[web.tokens.ops]\nscope = "read"\nsha256 = "{"0a" * 32}"\n')
    # When a site with them is looked at, Then that is said, and it is well
    command = [sys.executable, "-m", "lanes", "--config", str(own), "doctor", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    told = json.loads(done.stdout)
    assert [(finding["check"], finding["severity"]) for finding in told["findings"]] == [("api", "hint")]
    assert done.returncode == 0


def test_who_is_not_root_and_has_no_mta_is_told_what_was_not_looked_at(site: Site, tmp_path: Path) -> None:
    # Given somebody without privileges, and settings of an MTA that is not here
    own = tmp_path / "lanes.toml"
    own.write_text(f'data_dir = "{site.folder}"\nmta.config_directory = "/nonexistent"\n')
    script = ("import os, sys, lanes.history.history; from lanes.cli import main; from lanes.config import load; "
              f"load(); os.setgid(65534); os.setuid(65534); sys.argv = ['lanes', '-c', '{own}', 'doctor']; main()")
    for path in (tmp_path, *tmp_path.parents[:3]):
        path.chmod(path.stat().st_mode | 0o011)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    # Then it says what it could not look at, and why, and nothing breaks
    assert done.returncode == 1, done.stderr
    assert "not looked at" in done.stdout
    assert "/nonexistent" in done.stdout
    assert "Traceback" not in done.stderr


def test_settings_that_are_wrong_are_another_exit_code(tmp_path: Path) -> None:
    own = tmp_path / "lanes.toml"
    own.write_text("nothing = 1\n")
    command = [sys.executable, "-m", "lanes", "--config", str(own), "doctor"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 2
