"""A Sendmail that knows nothing of lanes is set up, works, and is put back."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from functools import partial

import pytest

from contrib.sandbox.mail import mail
from contrib.sandbox.sendmail import PrivateSendmail
from contrib.sandbox.sink import Received, Sink
from contrib.sandbox.site import Site
from contrib.sandbox.wait import wait_until
from tests.integration.world import UNSUBSCRIBE, arrived, running_site, told

#: As long as a busy machine may need.
PATIENCE = 30.0
PROGRAMS = ("milter", "worker", "tracker")


@pytest.fixture
def site(sink: Sink, request: pytest.FixtureRequest) -> Iterator[Site]:
    server = partial(PrivateSendmail, set_up=False)
    with running_site(request, sink, "", server=server, programs=PROGRAMS) as running:
        yield running


@pytest.fixture
def sendmail(site: Site) -> PrivateSendmail:
    assert isinstance(site.mta, PrivateSendmail)
    return site.mta


def files(sendmail: PrivateSendmail) -> dict[str, tuple[bytes, int, int]]:
    found = [path for path in sendmail.cf.parent.iterdir() if path.is_file()]
    return {path.name: (path.read_bytes(), path.stat().st_mode, path.stat().st_mtime_ns) for path in found}


def begin_anew(sendmail: PrivateSendmail, command: str) -> None:
    """Run the command that makes the daemon read its configuration, and wait until it has."""
    before = sendmail.log.count("starting daemon")
    subprocess.run(command, shell=True, check=True)
    wait_until(lambda: sendmail.log.count("starting daemon") > before, "the daemon to begin anew", PATIENCE)
    sendmail.wait_until_ready(PATIENCE)


def through(sink: Sink, site: Site, subject: str) -> Received:
    return arrived(sink, site.send(mail(subject)))


def test_from_a_sendmail_that_knows_nothing_of_lanes_and_back(
    site: Site, sink: Sink, sendmail: PrivateSendmail
) -> None:
    # Given a Sendmail, and a filter that it does not know of
    before = files(sendmail)
    assert not through(sink, site, "Before").header("X-Lane")
    # When it is set up, and told to read its configuration by the command that is named
    [again] = json.loads(site.lanes("setup", "sendmail", "--apply", "--json"))["then"]
    begin_anew(sendmail, again)
    # Then mail is tagged; bulk is held, and leaves when it is released
    assert through(sink, site, "Tagged").header("X-Lane") == "normal"
    held = site.send(mail("News", headers=UNSUBSCRIBE))
    wait_until(lambda: held in sendmail.queue("hold"), "it to be held", PATIENCE)
    site.lanes("release", held)
    assert arrived(sink, held).header("X-Lane") == "bulk"
    # And the log tells its end
    wait_until(lambda: told(site, "tracker", "settled", id=held, result="delivered"), "its end", PATIENCE)
    # And a second time there is nothing to do
    assert json.loads(site.lanes("setup", "sendmail", "--apply", "--json"))["changes"] == []
    # And while the filter is away, mail is accepted untouched
    site.kill("milter")
    assert not through(sink, site, "Alone").header("X-Lane")
    site.restart("milter")
    # When it is put back, Then its files are as they were, and mail flows untouched
    site.lanes("setup", "sendmail", "--revert")
    assert files(sendmail) == before
    begin_anew(sendmail, again)
    assert not through(sink, site, "After").header("X-Lane")
