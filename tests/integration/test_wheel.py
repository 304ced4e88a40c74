"""What is shipped: a wheel of the tree, alone in an empty environment."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from contrib.sandbox.caller import Caller
from contrib.sandbox.ports import LOOPBACK, free_port
from contrib.sandbox.redis import PrivateRedis
from contrib.sandbox.wait import wait_until
from lanes.config import defaults_text

TREE = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where nothing of the tree is."""
    return tmp_path_factory.mktemp("wheel")


@pytest.fixture(scope="module")
def lanes(folder: Path) -> Path:
    """The command, as installed from the wheel with the constraints that are in the tree."""
    constraints = str(TREE / "constraints.txt")
    environment = {**os.environ, "PIP_CONSTRAINT": constraints}
    environment.pop("PYTHONPATH", None)

    def run(*command: str) -> None:
        done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    run(sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(TREE))
    wheel, = folder.glob("*.whl")
    run(sys.executable, "-m", "venv", "--without-pip", str(folder / "venv"))
    python = folder / "venv" / "bin" / "python"
    run(sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", str(wheel))
    return python.with_name("lanes")


@pytest.fixture
def redis() -> Iterator[PrivateRedis]:
    with PrivateRedis() as running:
        yield running


def output(folder: Path, lanes: Path, *arguments: str) -> str:
    """What a command prints, run where nothing of the tree is."""
    return subprocess.run([lanes, *arguments], cwd=folder, env={"PATH": os.environ["PATH"]}, check=True,
                          capture_output=True, text=True).stdout


def test_the_command_is_there(folder: Path, lanes: Path) -> None:
    assert "Run the filter." in output(folder, lanes, "--help")


def test_the_settings_are_there_with_their_explanations(folder: Path, lanes: Path) -> None:
    assert output(folder, lanes, "config", "--defaults") == defaults_text()


def test_the_rules_are_there(folder: Path, lanes: Path) -> None:
    message = folder / "code.eml"
    message.write_text("Subject: Your verification code is 123456\n\n")
    assert json.loads(output(folder, lanes, "classify", "--trusted", "--json", str(message)))["lane"] == "priority"


def test_the_scripts_for_redis_are_there(folder: Path, lanes: Path, redis: PrivateRedis) -> None:
    settings = folder / "redis.toml"
    settings.write_text(f'redis.url = "{redis.url}"\n')
    told = json.loads(output(folder, lanes, "--config", str(settings), "status", "--json"))
    assert [lane["lane"] for lane in told["lanes"]] == ["priority", "normal", "bulk"]


@contextmanager
def running(folder: Path, lanes: Path, program: str, settings: str) -> Iterator[None]:
    """A program that starts, says so, and ends in order when it is asked to."""
    file, log = folder / f"{program}.toml", folder / f"{program}.log"
    file.write_text(settings)
    with log.open("wb") as stream:
        process = subprocess.Popen([lanes, "--config", file, program], cwd=folder, stdout=stream, stderr=stream)
    try:
        wait_until(lambda: '"started"' in log.read_text() or process.poll() is not None, f"{program} to start", 20)
        assert process.poll() is None, log.read_text()
        yield
    finally:
        process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0, log.read_text()


def test_the_filter_starts_and_stops(folder: Path, lanes: Path) -> None:
    settings = f'redis.url = "unix://{folder}/redis.sock"\nmilter.socket = "unix:{folder}/milter.sock"\n'
    with running(folder, lanes, "milter", settings):
        assert (folder / "milter.sock").is_socket()


def test_the_dashboard_and_the_apis_document_are_there(folder: Path, lanes: Path) -> None:
    address = f"{LOOPBACK}:{free_port()}"
    settings = f'redis.url = "unix://{folder}/redis.sock"\ndata_dir = "{folder}"\nweb.listen = "{address}"\n'
    with running(folder, lanes, "api", settings):
        caller = Caller(f"http://{address}")
        page = caller.get("/")
        assert page.status == 200
        linked = re.findall(rb'(?:href|src)="(static/[^"]+)"', page.body)
        assert linked
        assert {caller.get(f"/{path.decode()}").status for path in linked} == {200}
        described = caller.get("/openapi.json").json["components"]["schemas"]["Lane"]["properties"]
        assert described["objective"]["description"]
