"""`lanes setup postfix --topology multi`: an instance a lane, as postmulti(1) knows it, made, kept, and put back."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from contrib.sandbox.ports import free_port
from contrib.sandbox.postfix import PrivatePostfix
from lanes.config import load
from tests.contract.setups import SetUp

#: A site that takes mail in in ways that its instances must not, and sends it in ways that they must.
SITE = {
    "meta_directory": "/etc/postfix",
    "mydestination": "home.example",
    "smtpd_recipient_restrictions": "reject_unauth_destination",
    "smtpd_milters": "inet:127.0.0.1:8891",
    "always_bcc": "archive@home.example",
    "header_checks": "regexp:/etc/postfix/header_checks",
    "smtp_tls_security_level": "may",
    "transport_maps": "inline:{ intranet.example=smtp:[192.0.2.7] }",
    "master_service_disable": "smtp.inet",
}
SETTINGS = """
[relays.premium]
transport = "premium"
cost = 0.02
[relays.economy]
transport = "economy"
nexthop = "[relay.example.net]:587"
cost = 0.001
concurrency = 3
"""
LANES = ("priority", "normal", "bulk")


class Place(SetUp):
    """A Postfix's configuration, and lanes' settings beside it; nothing runs."""

    def __init__(self, postfix: PrivatePostfix) -> None:
        self.postfix, self.root = postfix, postfix.folders.root
        super().__init__("postfix", self.root / "lanes.toml")
        self.settings.write_text(f'data_dir = "{self.root}"\nmta.config_directory = "{postfix.config}"\n' + SETTINGS)

    def value(self, lane: str, *names: str) -> list[str]:
        """Parameters of a lane's instance, as Postfix reads them."""
        command = ["postconf", "-c", str(self.root / f"config-{lane}"), "-hx", *names]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()

    def files(self) -> dict[str, bytes]:
        """All there is of configuration and settings."""
        folders = [path for path in self.root.iterdir() if path.name.startswith("config")]
        files = [self.settings, *(path for folder in folders for path in folder.iterdir() if path.is_file())]
        return {str(path): path.read_bytes() for path in files}


@pytest.fixture
def place() -> Iterator[Place]:
    postfix = PrivatePostfix(free_port(), parameters=SITE)
    try:
        postfix.write_files()
        postfix.folders.routes.unlink()
        yield Place(postfix)
    finally:
        shutil.rmtree(postfix.folders.root)


def test_each_lane_gets_an_instance_with_its_own_queue_and_retries(place: Place) -> None:
    # Given a site with relays, When it is set up, Then settings and instances agree
    place.ask("--topology", "multi", "--apply")
    settings = load(place.settings)
    assert tuple(settings.mta.instances) == LANES
    assert settings.router.listen == "unix:/run/mta-lanes/router.sock"
    # And each has what is the lane's own
    assert [place.value(lane, "multi_instance_name", "syslog_name", "queue_directory") for lane in LANES] == [
        [f"postfix-{lane}", f"postfix-{lane}", f"{place.root}/queue-{lane}"] for lane in LANES]
    assert place.value("priority", "minimal_backoff_time", "maximal_backoff_time", "queue_run_delay") == ["30s"] * 3
    assert place.value("bulk", "minimal_backoff_time", "queue_run_delay") == ["900s", "300s"]
    # And batches share connections
    assert place.value("bulk", "default_destination_concurrency_limit", "initial_destination_concurrency",
                       "default_destination_concurrency_positive_feedback",
                       "default_destination_concurrency_failed_cohort_limit") == ["5", "1", "0.01", "5"]
    assert place.value("normal", "initial_destination_concurrency") == ["5"]
    # And the router is asked before the site's own table
    assert place.value("bulk", "transport_maps") == [
        "socketmap:unix:/run/mta-lanes/router.sock:lane-bulk, inline:{ intranet.example=smtp:[192.0.2.7] }"]


def test_an_instance_sends_as_the_site_does_and_takes_nothing_in_but_from_the_front(place: Place) -> None:
    place.ask("--topology", "multi", "--apply")
    assert place.value("bulk", "mydestination", "smtp_tls_security_level") == ["home.example", "may"]
    for name in ("smtpd_milters", "non_smtpd_milters", "milter_header_checks", "always_bcc", "header_checks",
                 "smtpd_recipient_restrictions", "master_service_disable", "content_filter"):
        assert place.value("bulk", name) == [""], name
    services = (place.root / "config-bulk" / "master.cf").read_text().splitlines()
    inet = [line for line in services if " inet " in line]
    assert [line.split(" ", 1)[0] for line in inet] == [f"127.0.0.1:{load(place.settings).mta.instances['bulk'].port}"]
    # And only who sends asks the router, not who takes mail in
    assert inet[0].endswith("-o rewrite_service_name=rewrite-in")
    assert "rewrite-in unix - - n - - trivial-rewrite -o transport_maps=" in services
    # And nothing is in a chroot, where neither the router nor DNS could be reached
    assert {line.split()[4] for line in services if line[:1] != "#"} == {"n"}


def test_what_is_set_up_needs_nothing_more(place: Place) -> None:
    place.ask("--topology", "multi", "--apply")
    before = place.files()
    # When it is looked at again, also without saying the topology, Then nothing is to be changed
    assert place.ask("--apply")["changes"] == []
    assert place.ask("--topology", "multi")["changes"] == []
    assert place.files() == before


def test_a_change_in_front_reaches_the_instances(place: Place) -> None:
    place.ask("--topology", "multi", "--apply")
    with (place.postfix.config / "main.cf").open("a") as main:
        main.write("smtp_helo_name = mail.example.com\n")
    changed = {change["where"] for change in place.ask("--apply")["changes"]}
    assert changed == {str(place.root / f"config-{lane}" / "main.cf") for lane in LANES}
    assert place.value("bulk", "smtp_helo_name") == ["mail.example.com"]


def test_it_is_put_back_to_the_byte(place: Place) -> None:
    before = place.files()
    place.ask("--topology", "multi", "--apply")
    place.ask("--revert")
    assert place.files() == before


def test_it_is_not_put_back_while_there_is_mail_in_an_instance(place: Place) -> None:
    # Given an instance that still has a message
    place.ask("--topology", "multi", "--apply")
    (place.root / "queue-bulk" / "hold" / "4jYTDZ4h8bzJC7V").touch()
    # When it is to be undone, Then it says why not, and nothing has changed
    before = place.files()
    done = place.run("--revert")
    assert done.exit_code == 1
    assert "1 messages are in" in done.output
    assert place.files() == before


def test_lanes_without_an_instance_keep_their_relays(place: Place) -> None:
    with place.settings.open("a") as settings:
        settings.write(f'[mta.instances.bulk]\nconfig_directory = "{place.root}/config-bulk"\nport = {free_port()}\n')
    place.ask("--apply")
    routes = place.postfix.folders.routes.read_text()
    assert "X-Lane-Route: lane-bulk$/  FILTER lane-bulk:[127.0.0.1]:" in routes
    assert "X-Lane-Route: economy$/  FILTER economy:[relay.example.net]:587" in routes
    assert "lane-normal" not in routes


def test_postmulti_knows_the_instances_and_starts_and_stops_them(place: Place) -> None:
    # Given a machine whose own Postfix this is: postmulti(1) knows no other
    for path in Path("/etc/postfix").iterdir():
        if path.name not in ("main.cf", "master.cf") and path.is_file():
            shutil.copy(path, place.postfix.config / path.name)
    tables = "".join(f'[mta.instances.{lane}]\nconfig_directory = "{place.root}/config-{lane}"\n'
                     f"port = {free_port()}\n" for lane in LANES)
    place.settings.write_text(f'data_dir = "{place.root}"\n{SETTINGS}{tables}')
    setup = f"{sys.executable} -m lanes --config {place.settings} setup postfix"
    script = f"""
        set -e
        mount --bind {place.postfix.config} /etc/postfix
        {setup} --apply > /dev/null
        postmulti -l
        postmulti -p start > /dev/null 2>&1
        postmulti -p status > /dev/null 2>&1 && echo all run
        {setup} --revert 2>&1 | grep --only-matching 'postfix-.* runs'
        postmulti -i postfix-bulk -p stop > /dev/null 2>&1
        postmulti -g mta-lanes -p status > /dev/null 2>&1 || echo one does not
        postmulti -p stop > /dev/null 2>&1 || true
    """
    # When it is set up, Then postmulti lists all of them, enabled, and starts and stops them; and while they run,
    # nothing is undone
    done = subprocess.run(["unshare", "--mount", "sh", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    *listed, started, refused, stopped = done.stdout.splitlines()
    assert [line.split() for line in listed] == [
        ["-", "-", "y", "/etc/postfix"],
        *([f"postfix-{lane}", "mta-lanes", "y", f"{place.root}/config-{lane}"] for lane in LANES),
    ]
    assert (started, refused, stopped) == ("all run", "postfix-priority runs", "one does not")
