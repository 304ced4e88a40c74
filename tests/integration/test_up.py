"""``lanes up``: whatever of it is killed comes back, and nothing of it is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from redis import RedisError

from contrib.sandbox.caller import Caller
from contrib.sandbox.mail import mail
from contrib.sandbox.ports import LOOPBACK, free_port
from contrib.sandbox.sink import Sink
from contrib.sandbox.site import EVERYTHING, Site
from contrib.sandbox.wait import wait_until
from lanes.life import State
from lanes.services.up import PROGRAMS
from tests.integration.world import UNSUBSCRIBE, arrived, running_site, told

SERVER = "valkey-server"
RUN = (*PROGRAMS, "api")


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running


@pytest.fixture(scope="module")
def site(sink: Sink, request: pytest.FixtureRequest) -> Iterator[Site]:
    """One site for all tests, in their order; each leaves it as it found it, but for the last."""
    settings = f'web.listen = "{LOOPBACK}:{free_port()}"\n'
    with running_site(request, sink, settings, programs=EVERYTHING) as running:
        yield running


def processes(site: Site) -> Iterator[tuple[str, int, int]]:
    """Program, process id and parent's process id of everything that runs with this site's files."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            command = (process / "cmdline").read_bytes().decode().split("\0")
            if any(str(site.folder) in part for part in command):
                comm, parent = (process / "comm").read_text().strip(), (process / "stat").read_text()
                name = next((program for program in RUN if program in command), comm)
                yield name, int(process.name), int(parent.rpartition(")")[2].split()[1])


def children(site: Site) -> dict[str, int]:
    """What `lanes up` has started and what runs now, by name, with process ids."""
    return {name: pid for name, pid, parent in processes(site) if parent == site.pid("up")}


def left(site: Site) -> set[str]:
    """Which of our programs run, whoever started them."""
    return {name for name, _, _ in processes(site)} & {*RUN, SERVER}


def assert_it_works(site: Site, sink: Sink) -> None:
    """Mail is held, known, released, delivered and settled; what is being started is waited for."""
    def held() -> str:
        id = site.send(mail("News", headers=UNSUBSCRIBE))
        with suppress(RedisError):
            return id if site.views.state_of(id) == State.HELD else ""
        return ""

    id = wait_until(held, "mail to be held", 20, every=0.2)
    site.lanes("release", id)
    arrived(sink, id)
    wait_until(lambda: site.views.state_of(id) == "settled", "the message to settle")
    wait_until(lambda: answers(site), "the API to answer", 20)


def answers(site: Site) -> bool:
    """Whether the API does, and knows Redis."""
    with suppress(OSError):
        return Caller(f"http://{site.settings.web.listen}").get("/readyz").status == 200
    return False


def test_a_second_one_says_so_and_changes_nothing(site: Site, sink: Sink) -> None:
    before = children(site)
    second = subprocess.run(site.command("up"), capture_output=True, text=True, check=False)
    assert (second.returncode, second.stderr) == (1, f"Error: another `lanes up` is at work in {site.folder}\n")
    assert children(site) == before
    assert_it_works(site, sink)


def test_each_program_that_is_killed_comes_back(site: Site, sink: Sink) -> None:
    # Given everything, at work
    before = children(site)
    assert set(before) == {*RUN, SERVER}
    held = site.send(mail("Before", headers=UNSUBSCRIBE))
    # When each program and the server are killed
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    # Then all of them are there again, and do their work
    wait_until(lambda: set(children(site)) == set(before) and not set(children(site).values()) & set(before.values()),
               "all to be back", 20)
    assert_it_works(site, sink)
    # And nothing was forgotten
    assert site.views.state_of(held) == State.HELD
    assert len(told(site, "up", "a program ended; it will be started again")) == len(RUN)


def test_it_can_be_started_again_after_it_was_killed_itself(site: Site, sink: Sink) -> None:
    # Given held mail, and a keeper that is killed
    held = site.send(mail("Before", headers=UNSUBSCRIBE))
    site.kill("up")
    # When its programs have followed, and it is started again
    wait_until(lambda: left(site) <= {SERVER}, "its programs to end", 20)
    site.restart("up")
    # Then everything works, and nothing was forgotten
    assert_it_works(site, sink)
    assert site.views.state_of(held) == State.HELD


def test_all_of_it_ends_when_it_is_asked_to(site: Site) -> None:
    site.send_signal("up", signal.SIGTERM)
    wait_until(lambda: not site.running("up"), "the end", 20)
    assert left(site) == set()
