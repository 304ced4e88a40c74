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

import pytest

from contrib.sandbox.mail import mail
from contrib.sandbox.resident import Resident
from contrib.sandbox.sink import Sink
from contrib.sandbox.site import Site
from contrib.sandbox.wait import wait_until
from lanes.doctor.probes import mail as look_at_mail
from lanes.life import State
from tests.integration.patient import PATIENCE, Patient
from tests.integration.world import UNSUBSCRIBE, arrived

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
def patient(sink: Sink) -> Iterator[Patient]:
    """A site of a user without privileges, as far as its files go, that is set up and has had mail."""
    with (Site(sink.port, SETTINGS.format(port=sink.port), parameters=PARAMETERS) as site, Resident() as resident):
        os.chown(site.folder, pwd.getpwnam("nobody").pw_uid, -1)
        shutil.chown(site.postfix.log_path, group="adm")
        site.postfix.log_path.chmod(0o640)
        patient = Patient(site, resident)
        assert patient.lanes("setup", "postfix", "--apply").returncode == 0
        site.postfix.command("postfix", "reload")
        arrived(sink, site.send(mail("First")))
        patient.recovers()
        yield patient


@pytest.fixture
def site(patient: Patient) -> Site:
    return patient.site


@pytest.fixture(autouse=True)
def _configuration_comes_back(site: Site) -> Iterator[None]:
    """Whatever a test does to Postfix's files is undone after it."""
    files = {path: path.read_bytes() for path in site.postfix.config.iterdir() if path.is_file()}
    yield
    for path, content in files.items():
        path.write_bytes(content)


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
def test_what_is_broken_is_found_alone_and_mended_by_what_is_said(patient: Patient, what: str) -> None:
    # Given a site that is well, When one thing is broken
    check, damage = BREAKS[what]
    damage(patient.site)
    # Then that is found, and nothing else
    findings = patient.found()
    assert list(findings) == [check]
    assert findings[check]["why"]
    # When the command that it names is run, Then the site is well
    patient.mend(findings[check]["mend"])
    assert patient.found() == {}


def test_a_healthy_site_is_well(site: Site) -> None:
    done = subprocess.run(site.command("doctor"), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "nothing wrong" in done.stdout
    assert "not looked at" not in done.stdout


def test_what_takes_its_time_is_found_and_nothing_else(patient: Patient, site: Site) -> None:
    # Given a tracker and a failsafe that ended
    site.kill("tracker")
    site.kill("failsafe", signal.SIGTERM)
    # And a lane that was paused, and mail of it whose deadline passes
    patient.lanes("pause", "bulk")
    soon = (datetime.now(UTC) + timedelta(seconds=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    id = site.send(mail("Late", headers={**UNSUBSCRIBE, "X-SLA-Deadline": soon}))
    # When nothing was heard of either for a while, and the mail is past its deadline
    late = {"tracker", "failsafe", "held-overdue"}
    findings = patient.finds(late)
    # Then each is found, and what mends it
    assert findings.keys() == late
    assert findings["tracker"]["mend"] == "systemctl restart lanes-tracker"
    assert findings["failsafe"]["mend"] == "systemctl enable --now lanes-failsafe.timer"
    assert "the lane is paused" in findings["held-overdue"]["what"]
    # When that is done, Then the mail leaves, and all is well
    site.start("failsafe")
    site.start("tracker")
    patient.mend(findings["held-overdue"]["mend"])
    wait_until(lambda: site.views.state_of(id) != State.HELD, "it to leave", PATIENCE)
    patient.recovers()


def test_a_filter_that_ended_is_found(patient: Patient) -> None:
    patient.site.kill("milter", signal.SIGTERM)
    assert patient.found()["socket"]["mend"] == "systemctl restart lanes-milter"
    patient.site.restart("milter")
    assert patient.found() == {}


def test_held_mail_that_redis_does_not_know_is_found(patient: Patient, site: Site) -> None:
    # Given held mail that Redis has forgotten
    id = site.send(mail("Unknown", headers=UNSUBSCRIBE))
    wait_until(lambda: id in site.postfix.queue("hold"), "it to be held")
    store, settings = site.store, site.settings
    store.client.zrem(store.keys.state(State.HELD, "bulk"), id)
    # When that is looked at so much later that it is no late news
    seen = look_at_mail.spool(store, settings, time.time() + 120)
    # Then it is found
    assert seen.unknown == [id]
    patient.lanes("reconcile")
    patient.lanes("release", id)


def test_a_log_with_another_clock_is_found(patient: Patient, site: Site) -> None:
    # Given a line in the log by a clock that is two hours ahead
    ahead = (datetime.now() + timedelta(hours=2)).strftime("%b %e %H:%M:%S")  # noqa: DTZ005 - syslog's is local, too
    with site.postfix.log_path.open("a") as log:
        log.write(f"{ahead} mx1 postfix/smtpd[1]: connect from elsewhere\n")
    # Then it is found, until a line comes that is right
    assert list(patient.found()) == ["log-clock"]
    site.send(mail("In time"))
    patient.recovers()


def test_an_mta_that_does_not_run_is_found(patient: Patient, site: Site) -> None:
    site.postfix.stop()
    assert patient.found()["mta"]["mend"] == f"postfix -c {site.postfix.config} start"
    site.postfix.start()
    assert patient.found() == {}


def test_without_redis_the_rest_is_looked_at(patient: Patient, site: Site) -> None:
    # Given a Redis that is away, and short ids
    site.redis.kill()
    set_main(site, "enable_long_queue_ids = no")
    # Then both are found, and what could not be looked at is said
    told = patient.diagnosis()
    assert [finding["check"] for finding in told["findings"]] == ["enable_long_queue_ids", "redis"]
    assert "every program is heard of" in {one["check"] for one in told["unchecked"]}
    # And when it is back, the programs are heard of again
    site.redis.start()
    back = time.time()
    wait_until(lambda: all((one.heard or 0.0) > back for one in site.alerts.programs(back)), "all to be back", PATIENCE)


def test_an_api_that_others_reach_is_a_hint_and_not_wrong(patient: Patient, site: Site, tmp_path: Path) -> None:
    # Given settings by which the API is open to others
    own = tmp_path / "lanes.toml"
    own.write_text((site.folder / "lanes.toml").read_text().replace('web.listen = ""', 'web.listen = "0.0.0.0:8025"')
                   + f'[web.tokens.ops]\nscope = "read"\nsha256 = "{"0a" * 32}"\n')
    # When a site with them is looked at, Then that is said, and it is well
    done = patient.resident.run(["lanes", "--config", str(own), "doctor", "--json"])
    told = json.loads(done.stdout)
    assert [(finding["check"], finding["severity"]) for finding in told["findings"]] == [("api", "hint")]
    assert done.returncode == 0


def test_who_is_not_root_and_has_no_mta_is_told_what_was_not_looked_at(site: Site, tmp_path: Path) -> None:
    # Given somebody without privileges, and settings of an MTA that is not here
    own = tmp_path / "lanes.toml"
    own.write_text(f'data_dir = "{site.folder}"\nmta.config_directory = "/nonexistent"\n')
    script = ("import os, secrets, sys, lanes.history.history, lanes.cli.doctor; from lanes.cli import main; "
              "from lanes.config import load; load(); os.setgid(65534); os.setuid(65534); "
              f"sys.argv = ['lanes', '-c', '{own}', 'doctor']; main()")
    for path in (tmp_path, *tmp_path.parents[:3]):
        path.chmod(path.stat().st_mode | 0o011)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    # Then it says what it could not look at, and why, and nothing breaks
    assert done.returncode == 1, done.stderr
    assert "not looked at" in done.stdout
    assert "/nonexistent" in done.stdout
    assert "Traceback" not in done.stderr


def test_settings_that_are_wrong_are_another_exit_code(patient: Patient, tmp_path: Path) -> None:
    own = tmp_path / "lanes.toml"
    own.write_text("nothing = 1\n")
    assert patient.resident.run(["lanes", "--config", str(own), "doctor"]).returncode == 2
