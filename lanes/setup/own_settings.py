"""Changes in the lanes' own settings file, carried out; the file is made if there is none.

Failure: :class:`~lanes.setup.plan.SetupError`, :class:`OSError`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lanes.setup.files import replace
from lanes.setup.plan import Change
from lanes.setup.settings_text import with_key


def carry_out(file: Path, changes: Sequence[Change]) -> None:
    """Set each change's key, and leave the rest as it is."""
    if not changes:
        return
    text = file.read_text("utf-8") if file.exists() else ""
    for change in changes:
        text = with_key(text, change.name, change.after)
    file.parent.mkdir(parents=True, exist_ok=True)
    replace(file, text.encode())
