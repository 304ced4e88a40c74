"""Heartbeats in files: who is silent, and what a beat may not do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lanes.config import Settings
from lanes.config.load import parse
from lanes.services.alive import Beat, silent

NOW = 1_800_000_000.0
BOTH = ("manager", "worker")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return parse(f'data_dir = "{tmp_path}"\nfailsafe.after = "60s"')


def beat(settings: Settings, program: str, at: float) -> None:
    Beat(settings, program)(at)


def test_a_program_is_silent_when_it_has_not_worked_for_too_long(settings: Settings) -> None:
    beat(settings, "manager", NOW)
    beat(settings, "worker", NOW + 30)
    assert silent(settings, BOTH, NOW + 60) == []
    assert silent(settings, BOTH, NOW + 61) == ["manager"]
    assert silent(settings, BOTH, NOW + 91) == ["manager", "worker"]


def test_who_was_never_heard_of_is_silent_but_gets_time_to_begin(settings: Settings) -> None:
    assert silent(settings, BOTH, NOW) == ["manager", "worker"]
    assert silent(settings, BOTH, NOW, since=NOW - 60) == []
    assert silent(settings, BOTH, NOW, since=NOW - 61) == ["manager", "worker"]


def test_a_beat_in_the_future_is_none(settings: Settings) -> None:
    beat(settings, "manager", NOW + 3600)
    assert silent(settings, ["manager"], NOW) == ["manager"]
    # And the next one counts again
    beat(settings, "manager", NOW)
    assert silent(settings, ["manager"], NOW) == []


def test_a_beat_is_not_written_more_often_than_it_matters(settings: Settings) -> None:
    heart = Beat(settings, "manager")
    for tick in range(10):
        heart(NOW + tick / 10)
    assert (Path(settings.data_dir) / "alive" / "manager").stat().st_mtime == NOW
    heart(NOW + 1)
    assert (Path(settings.data_dir) / "alive" / "manager").stat().st_mtime == NOW + 1


@pytest.mark.parametrize("target", ["folder", "file"])
def test_a_beat_does_not_follow_links(settings: Settings, tmp_path: Path, target: str) -> None:
    # Given a folder whose owner would have root touch something else
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "worker").touch()
    os.utime(elsewhere / "worker", (1, 1))
    alive = tmp_path / "alive"
    if target == "folder":
        alive.symlink_to(elsewhere)
    else:
        alive.mkdir()
        (alive / "worker").symlink_to(elsewhere / "worker")
    # When the worker beats
    beat(settings, "worker", NOW)
    # Then it touches nothing, goes on, and counts as silent
    assert (elsewhere / "worker").stat().st_mtime == 1
    assert silent(settings, ["worker"], NOW) == ["worker"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_the_folder_belongs_to_the_owner_of_the_data(settings: Settings, tmp_path: Path) -> None:
    # Given data that another user owns
    os.chown(tmp_path, 65534, 65534)
    # When root's worker beats first
    beat(settings, "worker", NOW)
    # Then that user can beat, too
    assert (tmp_path / "alive").stat().st_uid == 65534
