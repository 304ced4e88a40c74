"""Everything comes back as it was, or nothing is touched."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lanes.setup.backup import Step, steps, undo
from lanes.setup.plan import SetupError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "main.cf"
    path.write_bytes(b"a = \xff\r\n\t b\n\n")
    path.chmod(0o640)
    os.utime(path, (1000, 1000))
    return path


def change(root: Path, file: Path, text: str, *others: Path, own: tuple[Path, ...] = ()) -> None:
    """One setup."""
    step = Step.begin(root, [file, *others], own, [])
    for path in (file, *others, *own):
        path.write_text(text)
    step.end()


def test_a_file_comes_back_with_its_mode_and_time(tmp_path: Path, file: Path) -> None:
    # Given a file that was changed, and one that was made
    before, made = file.read_bytes(), tmp_path / "map"
    change(tmp_path / "backup", file, "other", made)
    file.chmod(0o600)
    # When that is undone
    undone = undo(tmp_path / "backup")
    # Then both are as they were
    assert undone == ((str(file), str(made)), ())
    found = file.stat()
    assert (file.read_bytes(), found.st_mode & 0o7777, found.st_mtime) == (before, 0o640, 1000)
    assert not made.exists()
    # And there is nothing more to undo
    with pytest.raises(SetupError, match="nothing to undo"):
        undo(tmp_path / "backup")
    assert not (tmp_path / "backup").exists()


def test_several_steps_are_undone_together(tmp_path: Path, file: Path) -> None:
    before = file.read_bytes()
    change(tmp_path / "backup", file, "one")
    change(tmp_path / "backup", file, "two")
    assert len(steps(tmp_path / "backup")) == 2
    undo(tmp_path / "backup")
    assert file.read_bytes() == before


@pytest.mark.parametrize("when", ["since the last step", "between two steps"])
def test_somebody_elses_work_is_not_lost(tmp_path: Path, file: Path, when: str) -> None:
    # Given a setup, and somebody who changed the file after it
    root, other = tmp_path / "backup", tmp_path / "master.cf"
    other.write_text("kept")
    before = file.read_bytes()
    change(root, file, "one", other)
    file.write_text("somebody's own")
    if when == "between two steps":
        change(root, file, "two")
    now = file.read_bytes(), other.read_bytes()
    # When it is to be undone, Then it says what differs, and touches nothing
    with pytest.raises(SetupError, match=rf"changed by somebody since: {file}\. .*--force"):
        undo(root)
    assert (file.read_bytes(), other.read_bytes()) == now
    # When it is forced, Then all is as it was before the first
    undo(root, force=True)
    assert (file.read_bytes(), other.read_bytes()) == (before, b"kept")


def test_a_file_that_was_removed_is_a_change_too(tmp_path: Path, file: Path) -> None:
    change(tmp_path / "backup", file, "one")
    file.unlink()
    with pytest.raises(SetupError, match="changed by somebody"):
        undo(tmp_path / "backup")


def test_our_own_settings_are_left_if_they_were_changed_since(tmp_path: Path, file: Path) -> None:
    # Given settings that were changed by a setup, and then by their owner
    settings = tmp_path / "lanes.toml"
    settings.write_text("before")
    change(tmp_path / "backup", file, "one", own=(settings,))
    settings.write_text("the owner's own")
    # When the setup is undone, Then the rest is, and they are left
    assert undo(tmp_path / "backup").left == (str(settings),)
    assert settings.read_text() == "the owner's own"
    assert file.read_bytes().startswith(b"a = ")


def test_a_backup_is_closed_to_others(tmp_path: Path, file: Path) -> None:
    change(tmp_path / "backup", file, "one")
    assert (tmp_path / "backup").stat().st_mode & 0o777 == 0o700


def test_a_manifest_that_cannot_be_read_is_said(tmp_path: Path, file: Path) -> None:
    change(tmp_path / "backup", file, "one")
    (tmp_path / "backup" / "1" / "manifest.json").write_text("{")
    with pytest.raises(SetupError, match=r"manifest\.json cannot be read"):
        undo(tmp_path / "backup")
