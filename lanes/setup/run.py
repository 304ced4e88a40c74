"""A plan carried out, all of it or nothing: backup, changes, checks.

Contract: what was carried out has been read back: the target finds nothing more to do, and no fault. If anything
fails, everything is as it was before.

Failure: :class:`~lanes.setup.plan.SetupError`, :class:`~lanes.mta.port.MtaError` or :class:`OSError`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from lanes.setup.backup import Step
from lanes.setup.plan import Change, Kind, SetupError, Target


def apply(changes: Sequence[Change], target: Callable[[], Target]) -> None:
    """Carry a target's changes out. ``target`` reads it anew, with our settings as they are then."""
    if not changes:
        return
    first = target()
    step = Step.begin(first.backups(), *_touched(changes))
    try:
        first.carry_out(changes)
        _read_back(target())
    except BaseException:
        step.restore()
        raise
    step.end()


def _read_back(target: Target) -> None:
    target.check()
    if left := target.plan().changes:
        names = ", ".join(str(change.name or change.where) for change in left)
        raise SetupError(f"these did not come out as they should, so all was put back: {names}")


def _touched(changes: Sequence[Change]) -> tuple[list[Path], list[Path], list[Path]]:
    """Files of the target, files of our own, and folders."""
    def places(*kinds: Kind) -> list[Path]:
        return list(dict.fromkeys(change.where for change in changes if change.kind in kinds))

    others = [kind for kind in Kind if kind not in (Kind.SETTING, Kind.FOLDER)]
    return places(*others), places(Kind.SETTING), places(Kind.FOLDER)
