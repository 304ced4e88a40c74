"""Files as they were before a setup, and the way back.

Each setup that changed something left a *step*: a folder with the files as they were, byte for byte, and a
manifest: for each file its mode, owner, time and hash, before and after. Steps are undone from the last to the
first.

Contract: nothing is undone if a file is not as the setup left it, since somebody's work would be lost; unless
that is asked for. Else everything is as it was before the first step. But the lanes' own settings, which are
there to be changed, are left as they are if they were.

Failure: :class:`~lanes.setup.plan.SetupError` says which files differ, and nothing was changed.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from lanes.setup.files import replace
from lanes.setup.plan import SetupError

_MANIFEST = "manifest.json"
#: The hash of a file that is not there.
_ABSENT = ""


class Kept(msgspec.Struct, frozen=True):
    """A file, before and after."""

    path: str
    before: str
    """SHA-256 in hex; empty: it was not there."""
    after: str = ""
    own: bool = False
    """Whether it is the lanes' own settings."""
    mode: int = 0
    user: int = 0
    group: int = 0
    modified_ns: int = 0


class Manifest(msgspec.Struct, frozen=True):
    """One step."""

    files: tuple[Kept, ...]
    folders: tuple[str, ...] = ()
    """Folders that the step made."""


class Step:
    """One setup's backup, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def begin(cls, root: Path, files: Iterable[Path], own: Iterable[Path], folders: Iterable[Path]) -> Step:
        """Keep the files as they are now; ``own`` are the lanes' settings, ``folders`` what is to be made."""
        root.mkdir(mode=0o700, exist_ok=True)
        last = max((int(step.folder.name) for step in steps(root)), default=0)
        step = cls(root / str(last + 1))
        step.folder.mkdir(mode=0o700)
        made = tuple(str(folder) for folder in folders if not folder.exists())
        kept = [*(step._keep(path, own=False) for path in files), *(step._keep(path, own=True) for path in own)]
        step._write(Manifest(tuple(kept), made))
        return step

    def end(self) -> None:
        """Note the files as the setup left them."""
        manifest = self.manifest
        self._write(msgspec.structs.replace(
            manifest, files=tuple(msgspec.structs.replace(one, after=_hash(Path(one.path))) for one in manifest.files)
        ))

    def restore(self, left: Collection[str] = ()) -> None:
        """Put everything back as it was, but for what is ``left``, and forget the step."""
        for one in self.manifest.files:
            path = Path(one.path)
            if one.path in left:
                continue
            if one.before == _ABSENT:
                path.unlink(missing_ok=True)
            else:
                _put_back(one, (self.folder / one.before).read_bytes())
        for folder in self.manifest.folders:
            with contextlib.suppress(OSError):
                Path(folder).rmdir()
        shutil.rmtree(self.folder)
        with contextlib.suppress(OSError):
            self.folder.parent.rmdir()

    @property
    def manifest(self) -> Manifest:
        """What the step changed."""
        try:
            return msgspec.json.decode((self.folder / _MANIFEST).read_bytes(), type=Manifest)
        except msgspec.DecodeError as error:
            raise SetupError(f"{self.folder / _MANIFEST} cannot be read: {error}") from error

    def _keep(self, path: Path, *, own: bool) -> Kept:
        if not path.exists():
            return Kept(str(path), _ABSENT, own=own)
        content, found = path.read_bytes(), path.stat()
        kept = Kept(str(path), hashlib.sha256(content).hexdigest(), "", own, found.st_mode & 0o7777, found.st_uid,
                    found.st_gid, found.st_mtime_ns)
        (self.folder / kept.before).write_bytes(content)
        return kept

    def _write(self, manifest: Manifest) -> None:
        text = msgspec.json.format(msgspec.json.encode(manifest))
        replace(self.folder / _MANIFEST, text, mode=0o600)


def steps(root: Path) -> list[Step]:
    """All steps that were not undone, the last first."""
    numbers = [int(path.name) for path in root.iterdir() if path.name.isdigit()] if root.is_dir() else []
    return [Step(root / str(number)) for number in sorted(numbers, reverse=True)]


class Undone(NamedTuple):
    """What came of undoing."""

    restored: tuple[str, ...]
    """Files that are as they were before."""
    left: tuple[str, ...]
    """Our own settings, if they were changed since."""


def undo(root: Path, *, force: bool = False) -> Undone:
    """Undo all steps. Raises :class:`SetupError`."""
    done = steps(root)
    if not done:
        raise SetupError(f"nothing to undo: there is no backup in {root}")
    files = {one.path: one.own for step in done for one in step.manifest.files}
    changed = [] if force else _changed_since(done)
    if others := [path for path in changed if not files[path]]:
        raise SetupError(f"changed by somebody since: {', '.join(others)}. Undo that first, or say --force to lose it "
                         f"(what was there before the setup is in {done[-1].folder})")
    for step in done:
        step.restore(changed)
    return Undone(tuple(path for path in files if path not in changed), tuple(changed))


def _changed_since(done: Sequence[Step]) -> list[str]:
    """The files that are not as a step left them: now, or when the next step began."""
    later: dict[str, str] = {}
    changed: dict[str, None] = {}
    for step in done:
        for one in step.manifest.files:
            if later.get(one.path, _hash(Path(one.path))) != one.after:
                changed[one.path] = None
            later[one.path] = one.before
    return list(changed)


def _put_back(one: Kept, content: bytes) -> None:
    replace(Path(one.path), content, mode=one.mode, owner=(one.user, one.group))
    os.utime(one.path, ns=(one.modified_ns, one.modified_ns))


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else _ABSENT
