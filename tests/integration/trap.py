"""What a worker must not import: it leaves a mark where ``LANES_TRAP`` says."""

from __future__ import annotations

import os
from pathlib import Path

Path(os.environ["LANES_TRAP"]).touch()


def spring(*_: object) -> None:
    """Something to call."""
