"""A Postfix that knows nothing of lanes is set up, works, and is put back; with relays, mail for anybody at home
stays at home."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from contrib.sandbox.mail import mail
from contrib.sandbox.postfix import Milter, PrivatePostfix
from contrib.sandbox.sink import Received, Sink
from contrib.sandbox.site import Site
from contrib.sandbox.wait import wait_until
from lanes.config import load
from tests.integration.world import UNSUBSCRIBE

#: As long as a busy machine may need.
PATIENCE = 30.0
RELAYS = """
[relays.economy]
transport = "economy"
nexthop = "[127.0.0.1]:{port}"
cost = 0.001
preference = "economy"
"""


class StockPostfix(PrivatePostfix):
    """Without a milter; smtpd and cleanup in a chroot, as Debian has them; with users and domains of its own."""

    def write_files(self) -> None:
        super().write_files()
        master = self.config / "master.cf"
        text = master.read_text()
        for daemon in ("smtpd", "cleanup"):
            text = "".join(_chrooted(line) if line.endswith(f" {daemon}\n") else line for line in text.splitlines(True))
        master.write_text(text)
        boxes = self.folders.root / "boxes"
        boxes.mkdir(exist_ok=True)
        boxes.chmod(0o1777)
        for path in (master, self.config / "main.cf"):
            os.utime(path, (path.stat().st_mtime - 60,) * 2)


def _chrooted(line: str) -> str:
    fields = line.split()
    fields[4] = "y"
    return f"{' '.join(fields)}\n"


def at_home(folder: Path) -> dict[str, str]:
    """Parameters by which ``home.example`` and ``box.example`` are delivered into Maildirs."""
    return {
        "meta_directory": "/etc/postfix",
        "mydestination": "home.example",
        "mail_spool_directory": f"{folder}/boxes/",
        "virtual_mailbox_domains": "box.example",
        "virtual_mailbox_base": f"{folder}/boxes",
        "virtual_mailbox_maps": "inline:{ any@box.example=virtual/ }",
        "virtual_uid_maps": "static:65534",
        "virtual_gid_maps": "static:65534",
    }


def stock(outside: int, *, milter: Milter, folder: Path) -> StockPostfix:
    """One for a site, whose ``milter`` it is not told of."""
    assert milter
    return StockPostfix(outside, parameters=at_home(folder), folder=folder)


@pytest.fixture
def economy() -> Iterator[Sink]:
    """Where the cheap relay leads."""
    with Sink() as running:
        yield running


@pytest.fixture
def site(sink: Sink, economy: Sink) -> Iterator[Site]:
    with Site(sink.port, RELAYS.format(port=economy.port), server=stock) as running:
        yield running


def configuration(site: Site) -> dict[str, tuple[bytes, int]]:
    files = [path for path in site.postfix.config.iterdir() if path.is_file()]
    return {path.name: (path.read_bytes(), path.stat().st_mode) for path in files}


def set_up(site: Site) -> None:
    """As its administrator would: apply, then what it says is to be done."""
    told = json.loads(site.lanes("setup", "postfix", "--apply", "--json"))
    assert told["then"] == ["systemctl restart lanes-milter", f"postfix -c {site.postfix.config} reload"]
    site.kill("milter", signal.SIGTERM)
    site.restart("milter")
    site.postfix.command("postfix", "reload")


def through(sink: Sink, site: Site, subject: str) -> Received:
    id = site.send(mail(subject))
    return wait_until(lambda: [m for m in sink.messages if m.queue_id == id], f"{subject} to arrive", PATIENCE)[0]


def test_from_a_postfix_that_knows_nothing_of_lanes_and_back(site: Site, sink: Sink, economy: Sink) -> None:
    # Given a Postfix whose smtpd is in a chroot, and a filter that it does not know of
    before = configuration(site)
    assert not through(sink, site, "Before").header("X-Lane")
    # When it is set up
    set_up(site)
    # Then the filter listens where the chroot can see it
    socket = load(site.folder / "lanes.toml").milter.socket
    assert socket == f"unix:{site.postfix.folders.queue}/lanes/milter.sock"
    # And mail is tagged; bulk is held, and leaves by its relay when it is released
    wait_until(lambda: through(sink, site, "Tagged").header("X-Lane"), "the filter to be asked", PATIENCE)
    held = site.send(mail("News", headers=UNSUBSCRIBE))
    wait_until(lambda: held in site.postfix.queue("hold"), "it to be held", PATIENCE)
    site.lanes("release", held)
    assert economy.wait_for_subject("News", PATIENCE).header("X-Lane-Route") == "economy"
    # And the log tells which relay it was
    site.postfix.wait_for_log("postfix/economy/smtp", PATIENCE)
    # And local mail is asked about, too
    site.postfix.command("sendmail", "-f", "root@home.example", "someone@elsewhere.example",
                         text="Subject: Local\nList-Unsubscribe: <https://example.net/u>\n\nHello\n")
    wait_until(lambda: site.postfix.queue("hold"), "it to be held", PATIENCE)
    site.lanes("release", "--lane", "bulk")
    assert economy.wait_for_subject("Local", PATIENCE).header("X-Lane") == "bulk"
    # And a second time there is nothing to do
    assert json.loads(site.lanes("setup", "postfix", "--apply", "--json"))["changes"] == []
    # When it is put back, Then its files are as they were, and mail flows untouched
    site.lanes("setup", "postfix", "--revert")
    assert configuration(site) == before
    site.postfix.command("postfix", "reload")
    wait_until(lambda: not through(sink, site, "After").header("X-Lane"), "the filter not to be asked", PATIENCE)


@pytest.mark.parametrize(("recipients", "box"), [
    (("nobody@home.example",), "nobody"),
    (("any@box.example",), "virtual"),
    (("nobody@home.example", "someone@elsewhere.example"), "nobody"),
    (("someone@elsewhere.example", "any@box.example"), "virtual"),
], ids=["local", "virtual", "local and elsewhere", "elsewhere and virtual"])
def test_bulk_for_anybody_at_home_is_delivered_there_after_its_release(
    site: Site, sink: Sink, economy: Sink, recipients: tuple[str, ...], box: str
) -> None:
    # Given a site with a relay for bulk, and domains of its own, set up
    set_up(site)
    assert set(load(site.folder / "lanes.toml").mta.own_domains) >= {"home.example", "box.example"}
    wait_until(lambda: through(sink, site, "Tagged").header("X-Lane"), "the filter to be asked", PATIENCE)
    # When bulk comes for somebody at home, and is released
    held = site.send(mail("For home", recipients, headers=UNSUBSCRIBE))
    wait_until(lambda: held in site.postfix.queue("hold"), "it to be held", PATIENCE)
    assert json.loads(site.lanes("show", held, "--json"))["relay"] == ""
    site.lanes("release", held)
    # Then it is in the mailbox, with its lane and without a relay
    new = site.postfix.folders.root / "boxes" / box / "new"
    wait_until(lambda: new.is_dir() and list(new.iterdir()), "it to be delivered at home", PATIENCE)
    text = next(new.iterdir()).read_text()
    assert "X-Lane: bulk" in text
    assert "X-Lane-Route" not in text
    # And who is elsewhere has it by the default way, and nobody by the relay
    if len(recipients) > 1:
        assert sink.wait_for_subject("For home", PATIENCE).recipients == ("someone@elsewhere.example",)
    assert economy.messages == []
