"""The commands of docs/api.md, as they stand there, against a real server."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from contrib.sandbox.api import PrivateApi
from lanes.web.table import LIVE
from tests.fuzz.api import HELD, server

DOCS = Path(__file__).parents[2] / "docs" / "api.md"
URL = "http://127.0.0.1:8025"
COMMANDS = [command.strip() for block in re.findall(r"```sh\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
            for command in re.split(r"\n(?=\w)", block) if command.startswith("curl")]  # fmt: skip


@pytest.fixture(scope="module")
def api() -> Iterator[PrivateApi]:
    with server() as running:
        yield running


def run(api: PrivateApi, command: str, folder: Path) -> str:
    """What a command prints, if it is answered with a 2xx."""
    (folder / "message.eml").write_bytes(b"Subject: Your code is 123456\n\nHello.\n")
    (folder / ".curlrc").write_text("fail-with-body\n")
    environment = {**os.environ, "CURL_HOME": str(folder), "TOKEN": "token", "ID": HELD}
    done = subprocess.run(["bash", "-euc", command.replace(URL, api.url)], cwd=folder, env=environment,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_there_are_commands() -> None:
    assert len(COMMANDS) > 10


@pytest.mark.parametrize("command", [command for command in COMMANDS if LIVE not in command])
def test_each_command_does_what_it_says(api: PrivateApi, command: str, tmp_path: Path) -> None:
    assert run(api, command, tmp_path).startswith("{")


def test_who_watches_sees_events(api: PrivateApi, tmp_path: Path) -> None:
    command, = (command for command in COMMANDS if LIVE in command)
    assert "event: overview\ndata: {" in run(api, f"{command} | head -n 4", tmp_path)
