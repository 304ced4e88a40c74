"""``lanes trace generate`` and ``lanes simulate``, as on a command line."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from lanes.cli import cli
from lanes.config.errors import ConfigError
from lanes.simulate.trace import Trace

#: One domain that takes ten messages a second, of 20 that come: all mail waits, and urgent mail must not.
WORLD = """
[postfix]
processes = 20
[destination]
seconds = "1s"
spread = 0
concurrency = 10
"""
PATIENT = "[lanes.bulk]\nbatch = { size = 50, max_wait = '30m', streams = 1 }\n"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(one) for one in arguments], catch_exceptions=False)


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """A busy quarter of an hour, and a few domains."""
    path = tmp_path / "day.jsonl.gz"
    made = run("trace", "generate", "--rate", 15, "--for", "15m", "--domains", 3, "--began", "2026-11-23T15:00:00Z",
               "--mix", 1, 3, 20, "--seed", 4, "--out", path)
    assert made.exit_code == 0
    return path


def test_a_generated_trace_is_the_same_again_and_another_with_another_seed(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("one.jsonl", "same.jsonl", "other.jsonl")]
    for path, seed in zip(paths, (1, 1, 2), strict=True):
        run("trace", "generate", "--rate", 20, "--for", "5m", "--seed", seed, "--out", path)

    one, same, other = (path.read_bytes() for path in paths)
    assert one == same != other
    # And what is printed is what is written
    assert run("trace", "generate", "--rate", 20, "--for", "5m").stdout_bytes == one


def test_the_lanes_are_asked_for_by_name_and_share(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    run("trace", "generate", "--rate", 50, "--for", "20m", "--mix", 1, 1, 0, "--lanes", "now", "soon", "late",
        "--out", path)

    lanes = [row.lane for row in Trace(path)]
    assert set(lanes) == {"now", "soon"}
    assert 0.4 <= lanes.count("now") / len(lanes) <= 0.6


def test_runs_are_side_by_side_with_plain_postfix_and_drawn(tmp_path: Path, trace: Path) -> None:
    # Given two settings and a world that is too slow
    world, patient, usual = (tmp_path / name for name in ("world.toml", "patient.toml", "usual.toml"))
    world.write_text(WORLD)
    patient.write_text(PATIENT)
    usual.write_text("")

    # When both are tried
    told = run("simulate", trace, "--config", usual, "--config", patient, "--world", world, "--json",
               "--plot", tmp_path / "out.svg")

    # Then each run has had all the mail
    answer = json.loads(told.stdout)
    runs: dict[str, dict[str, dict[str, Any]]] = {
        one["name"]: {lane["lane"]: lane for lane in one["lanes"]} for one in answer["runs"]
    }
    assert list(runs) == [str(usual), str(patient), "plain Postfix"]
    assert all(sum(lane["sent"] for lane in one.values()) == answer["messages"] for one in runs.values())
    # And urgent mail waits behind bulk without lanes only
    assert runs["plain Postfix"]["priority"]["p95"] > 10 > runs[str(usual)]["priority"]["p95"]
    # And bulk leaves in larger waves where it waits for them
    assert runs[str(patient)]["bulk"]["wave_max"] <= 50
    # And the picture has a line for each lane and run
    root = ET.parse(tmp_path / "out.svg").getroot()
    assert len(root.findall("{http://www.w3.org/2000/svg}polyline")) == 3 * 3


def test_the_table_names_lanes_runs_windows_and_strangers(tmp_path: Path) -> None:
    # Given a trace with a lane that the settings do not have, and a line that is none
    settings, path = tmp_path / "site.toml", tmp_path / "t.jsonl"
    settings.write_text("")
    path.write_text('{"at":1,"domain":"a.example","lane":"weekly"}\nnot one\n')

    shown = run("simulate", path, "--config", settings, "--skip-bad")

    assert "1 messages" in shown.stdout
    assert "1 lines of the trace could not be used" in shown.stdout
    # A terminal folds long lines, if need be within a word
    strangers = f"{settings} has no lane weekly (1 messages): taken to be of lane normal"
    assert "".join(strangers.split()) in "".join(shown.stdout.split())
    assert "plain Postfix" in shown.stdout
    assert "window 20 on average" in shown.stdout


def test_a_bad_trace_is_said_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"at":1,"domain":"a.example"}\n{"at":"soon","domain":"a.example"}\n')

    told = run("simulate", path)

    assert told.exit_code == 1
    assert told.stderr.startswith(f"Error: {path}:2: ")
    assert told.stderr.count("\n") == 1


@pytest.mark.parametrize(("text", "said"), [
    ("[postfix]\nprocesses = 0", "postfix"),
    ("[postfix]\nproceses = 5", "proceses"),
    ("[destination]\nseconds = 'soon'", "destination"),
    ("[destinations]\n'a.example' = 7", "destinations"),
    ("[postfix]\nqueue_run = 0", "postfix.queue_run"),
    ("[postfix]\nbackoff = '2h'", "postfix.backoff_max"),
    ("postfix = [", "TOML"),
])  # fmt: skip
def test_a_bad_world_is_said_by_its_key(tmp_path: Path, text: str, said: str) -> None:
    path, world = tmp_path / "t.jsonl", tmp_path / "world.toml"
    path.write_text('{"at":1,"domain":"a.example"}\n')
    world.write_text(text)

    with pytest.raises(ConfigError, match=rf"world\.toml.*{said}"):
        run("simulate", path, "--world", world)


def test_an_empty_trace_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text("")

    assert run("simulate", path, "--plot", tmp_path / "out.svg").exit_code == 0
