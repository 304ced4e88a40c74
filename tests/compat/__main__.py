"""With which versions mta-lanes works: ``python -m tests.compat``, a matrix and one JSON line.

Each cell is built and tried by itself, in ``.compat`` (some 2 GB), one after the other, some minutes each. A Debian in
a folder is installed once, and used again. Needs root, and debootstrap(8) for other releases than this machine's.

Contract: the exit code is 1 if a cell failed; one that could not be built here fails nobody.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tests.bench import report
from tests.compat.cells import CELLS
from tests.compat.trial import Outcome, attempt


def main() -> int:
    """Try them, and tell."""
    parser = argparse.ArgumentParser(description="With which versions mta-lanes works.")
    names = [cell.name for cell in CELLS]
    parser.add_argument("cells", nargs="*", metavar="CELL", help=f"which (all): {', '.join(names)}")
    parser.add_argument("--folder", type=Path, default=Path(".compat"), help="where they are built (.compat)")
    chosen = parser.parse_args()
    if unknown := set(chosen.cells) - set(names):
        parser.error(f"no such cell: {', '.join(sorted(unknown))} (known: {', '.join(names)})")
    folder = chosen.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    outcomes: list[Outcome] = []
    with report.progress() as progress:
        for cell in CELLS:
            if not chosen.cells or cell.name in chosen.cells:
                progress.say(f"{cell.name} ({len(outcomes) + 1})")
                outcomes.append(outcome := attempt(cell, folder))
                progress.note(f"{cell.name}: {outcome.result}; log: {folder / cell.name}.log")
    report.show("what works together", [_row(outcome) for outcome in outcomes])
    print(json.dumps({"compat": {outcome.cell: _told(outcome) for outcome in outcomes}}), flush=True)
    return int(any(outcome.result == "failed" for outcome in outcomes))


def _row(outcome: Outcome) -> dict[str, object]:
    had = outcome.versions or {}
    columns = {name: had.get(name, "") for name in ("python", "postfix", "server", "wheel", "pymilter", "rq", "redis")}
    return {"cell": outcome.cell, **columns, "tests": outcome.tests or None, "failed": len(outcome.failed),
            "result": outcome.result}


def _told(outcome: Outcome) -> dict[str, object]:
    told = outcome._asdict()
    del told["cell"]
    return told


if __name__ == "__main__":
    sys.exit(main())
