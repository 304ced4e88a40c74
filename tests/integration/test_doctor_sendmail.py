"""The doctor of a Sendmail: what is broken is found alone, and mended by what is said."""

from __future__ import annotations

import json
import os
import pwd
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from contrib.sandbox.mail import mail
from contrib.sandbox.resident import Resident
from contrib.sandbox.sendmail import PrivateSendmail
from contrib.sandbox.sink import Sink
from contrib.sandbox.site import Site
from contrib.sandbox.wait import wait_until
from lanes.doctor.probes import mail as look_at_mail
from lanes.life import State
from tests.contract.mtas import SENDMAIL
from tests.integration.patient import PATIENCE, Patient
from tests.integration.world import UNSUBSCRIBE, arrived

SETTINGS = 'alerts.silent_after = "60s"\nfailsafe.after = "60s"\n'
OTHER = "INPUT_MAIL_FILTER(`other', `S=local:/nobody, T=C:1s')dnl\n"


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running


@pytest.fixture(scope="module")
def patient(sink: Sink) -> Iterator[Patient]:
    """A site of a user without privileges, as far as its files go, that is set up and has had mail."""
    server = partial(PrivateSendmail, set_up=False, lines=SENDMAIL)
    with Site(sink.port, SETTINGS, server=server) as site, Resident() as resident:
        os.chown(site.folder, pwd.getpwnam("nobody").pw_uid, -1)
        shutil.chown(site.mta.log_path, group="adm")
        site.mta.log_path.chmod(0o640)
        patient = Patient(site, resident)
        # Nothing is set up yet, and the doctor names the command
        [mend] = {finding["mend"] for finding in patient.found().values()}
        begin_anew(patient, mend)
        assert arrived(sink, site.send(mail("First"))).header("X-Lane") == "normal"
        patient.recovers()
        yield patient


@pytest.fixture
def sendmail(patient: Patient) -> PrivateSendmail:
    return sendmail_of(patient)


@pytest.fixture(autouse=True)
def _configuration_comes_back(sendmail: PrivateSendmail) -> Iterator[None]:
    """Whatever a test does to Sendmail's files is undone after it."""
    files = {path: path.read_bytes() for path in sendmail.cf.parent.iterdir() if path.is_file()}
    yield
    for path, content in files.items():
        path.write_bytes(content)


def sendmail_of(patient: Patient) -> PrivateSendmail:
    assert isinstance(patient.site.mta, PrivateSendmail)
    return patient.site.mta


def begin_anew(patient: Patient, command: str) -> None:
    """Run a command that ends with the daemon reading its configuration, and wait until it has."""
    sendmail = sendmail_of(patient)
    before = sendmail.log.count("starting daemon")
    patient.mend(command)
    wait_until(lambda: sendmail.log.count("starting daemon") > before, "the daemon to begin anew", PATIENCE)
    sendmail.wait_until_ready(PATIENCE)


def built_with(sendmail: PrivateSendmail, pattern: str, other: str) -> None:
    """Change the source, and build it, as an administrator would."""
    before = sendmail.folders.mc.read_text()
    after = re.sub(pattern, lambda _: other, before, flags=re.MULTILINE)
    assert after != before
    sendmail.folders.mc.write_text(after)
    sendmail.build()


def socket_of(patient: Patient) -> Path:
    return Path(patient.site.settings.milter.socket.partition(":")[2])


#: What is broken in ``sendmail.mc``: the check that finds it, what is replaced, and by what.
SOURCE = {
    "the filter is not asked": ({"Xmta-lanes", "InputMailFilters"}, r"^INPUT_MAIL_FILTER.*\n", ""),
    "somebody comes after the filter": ({"InputMailFilters"}, r"^MAILER", f"{OTHER}MAILER"),
    "mail is refused while the filter is away": ({"Xmta-lanes"}, r", T=C:", ", F=T, T=C:"),
    "mail waits for long for the filter": ({"Xmta-lanes"}, r", T=C:[^']*", ""),
    "the log does not tell the end": ({"LogLevel"}, r"`confLOG_LEVEL', `10'", "`confLOG_LEVEL', `9'"),
    "waves leave one by one": ({"Qmqueue"}, r"^QUEUE_GROUP.*\n", ""),
}
BREAKS: dict[str, tuple[str, Callable[[Patient], object]]] = {
    "the socket's folder is open to others": ("socket", lambda patient: socket_of(patient).parent.chmod(0o777)),
    "the queue is open to others": ("queue", lambda patient: sendmail_of(patient).folders.queue.chmod(0o703)),
    "the log is closed to the tracker": ("log", lambda patient: patient.site.mta.log_path.chmod(0o600)),
    "the lines are gone from the source": ("sendmail.mc", lambda patient: sendmail_of(patient).folders.mc.write_text(
        re.sub(r"^INPUT_MAIL_FILTER.*\n", "", sendmail_of(patient).folders.mc.read_text(), flags=re.MULTILINE))),
}


@pytest.mark.parametrize("what", SOURCE)
def test_what_is_missing_in_the_configuration_is_found_alone_and_mended(patient: Patient, what: str) -> None:
    # Given a site that is well, When one thing is broken
    checks, pattern, other = SOURCE[what]
    built_with(sendmail_of(patient), pattern, other)
    # Then that is found, and nothing else
    findings = patient.found()
    assert findings.keys() == checks
    # When the command that it names is run, Then the site is well
    [mend] = {finding["mend"] for finding in findings.values()}
    begin_anew(patient, mend)
    assert patient.found() == {}


@pytest.mark.parametrize("what", BREAKS)
def test_what_is_broken_is_found_alone_and_mended_by_what_is_said(patient: Patient, what: str) -> None:
    check, damage = BREAKS[what]
    damage(patient)
    findings = patient.found()
    assert list(findings) == [check]
    assert findings[check]["why"]
    patient.mend(findings[check]["mend"])
    assert patient.found() == {}


def test_a_folder_that_sendmail_does_not_go_through_is_really_one(patient: Patient, sink: Sink) -> None:
    # Given a socket in a folder that others may write in, which is found
    socket_of(patient).parent.chmod(0o777)
    mend = patient.found()["socket"]["mend"]
    # Then mail passes, without lanes
    assert not arrived(sink, patient.site.send(mail("Unsafe"))).header("X-Lane")
    # And when that is mended, it has its lane
    patient.mend(mend)
    assert arrived(sink, patient.site.send(mail("Safe"))).header("X-Lane") == "normal"


def test_a_queue_of_which_our_settings_do_not_know_is_found(patient: Patient, sendmail: PrivateSendmail,
                                                            tmp_path: Path) -> None:
    # Given a queue group with a directory elsewhere
    built_with(sendmail, r"^MAILER", f"QUEUE_GROUP(`slow', `P={tmp_path}, F=f, R=1')dnl\nMAILER")
    # Then that is found, with what is to be done
    findings = patient.found()
    assert list(findings) == ["queue"]
    assert str(tmp_path) in findings["queue"]["what"]
    assert findings["queue"]["by_hand"]


def test_a_queue_directory_that_is_another_is_written_into_our_settings(patient: Patient, tmp_path: Path) -> None:
    # Given settings of ours that name another queue
    settings = patient.site.folder / "lanes.toml"
    text, queue = settings.read_text(), str(sendmail_of(patient).folders.queue)
    settings.write_text(text.replace(f'"{queue}"', f'"{tmp_path}"'))
    # Then that is found, and mended in them
    findings = patient.found()
    assert "mta.sendmail.queue" in findings
    begin = findings["mta.sendmail.queue"]["mend"].partition(" && ")[0]
    patient.mend(begin)
    assert patient.site.settings.mta.sendmail.queue == queue
    settings.write_text(text)


def test_held_mail_that_redis_does_not_know_is_found_by_what_sendmail_says_of_it(
    patient: Patient, sendmail: PrivateSendmail
) -> None:
    # Given a held message that Redis has forgotten, and one that Sendmail itself holds
    site = patient.site
    ours, other = site.send(mail("Held", headers=UNSUBSCRIBE)), site.send(mail("Odd", "suspect@example.com"))
    wait_until(lambda: {ours, other} <= set(sendmail.queue("hold")), "both to be held", PATIENCE)
    store, settings = site.store, site.settings
    held = store.keys.state(State.HELD, "bulk")
    deadline = store.client.zscore(held, ours) or 0.0
    store.client.zrem(held, ours)
    # When that is looked at so much later that it is no late news, Then ours is found, and the other is not
    assert look_at_mail.spool(store, settings, time.time() + 120).unknown == [ours]
    store.client.zadd(held, {ours: deadline})
    patient.lanes("release", ours)
    wait_until(lambda: ours not in sendmail.queue("hold"), "it to leave", PATIENCE)


def test_a_sendmail_that_does_not_run_is_found(patient: Patient, sendmail: PrivateSendmail) -> None:
    sendmail.stop()
    assert patient.found()["mta"]["mend"] == "systemctl start sendmail"
    sendmail.start()
    assert patient.found() == {}


def test_a_filter_that_does_not_listen_is_found(patient: Patient) -> None:
    patient.site.kill("milter")
    assert patient.found()["socket"]["mend"] == "systemctl restart lanes-milter"
    patient.site.restart("milter")
    assert patient.found() == {}


def test_a_healthy_site_is_well_and_all_of_it_is_looked_at(patient: Patient) -> None:
    done = patient.lanes("doctor")
    assert (done.returncode, done.stderr) == (0, "")
    assert "nothing wrong" in done.stdout
    assert "not looked at" not in done.stdout


#: What journalctl(1) says of the newest line: to root, and to nobody else.
JOURNALCTL = """#!/bin/sh
if [ "$(id -u)" != 0 ]; then
    echo "No journal files were opened due to insufficient permissions." >&2
    exit 1
fi
echo '{{"__CURSOR": "c", "__REALTIME_TIMESTAMP": "{micros}", "MESSAGE": "hello"}}'
"""


def test_a_journal_that_the_tracker_cannot_read_is_found(
    patient: Patient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a site whose log is in the journal, which is root's alone
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "journalctl").write_text(JOURNALCTL.format(micros=round(time.time() * 1e6)))
    for path in (folder / "journalctl", folder, *folder.parents[:4]):
        path.chmod(path.stat().st_mode | 0o011)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    own = tmp_path / "lanes.toml"
    log = f'"{patient.site.mta.log_path}"'
    own.write_text((patient.site.folder / "lanes.toml").read_text().replace(log, '"journald"'))
    # When it is looked at
    command = [sys.executable, "-m", "lanes", "--config", str(own), "doctor", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    # Then that is found, and which group the tracker's user lacks
    told = json.loads(done.stdout)
    assert [finding["check"] for finding in told["findings"]] == ["log"]
    assert "nobody cannot read journald: " in told["findings"][0]["what"]
    assert told["findings"][0]["mend"] == (
        "usermod -aG systemd-journal nobody && systemctl restart lanes-tracker")
