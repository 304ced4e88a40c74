"""Faults at random, under steady traffic, and what must be so after each: ``python -m tests.chaos``.

A seed reproduces the schedule: which faults strike in which round, and when. What the machine makes of it in between
is its own. Ends with one JSON line; the exit code is 1 if anything was lost, doubled, held too long, let go of though
it was somebody else's, or did not come back.
"""

from __future__ import annotations

import argparse
import json
import sys

from tests.bench.tracking import quiet
from tests.chaos.faults import FAULTS
from tests.chaos.invariants import KINDS
from tests.chaos.runner import run


def main() -> int:
    """Run, and tell."""
    parser = argparse.ArgumentParser(description="Faults at random, under steady traffic.")
    parser.add_argument("--rounds", type=int, default=200, help="how many (200)")
    parser.add_argument("--messages", type=int, default=20_000, help="in all rounds together (20000)")
    parser.add_argument("--seed", type=int, default=7, help="of the schedule of faults (7)")
    parser.add_argument("--first", type=int, default=1, help="the number of the first round (1)")
    parser.add_argument("--faults", default=",".join(FAULTS), help="those that may strike (all of them)")
    chosen = parser.parse_args()
    quiet()
    result = run(chosen.seed, chosen.rounds, chosen.messages, chosen.first, chosen.faults.split(","))
    print(json.dumps({"chaos": result}), flush=True)
    return int(any(result[kind] for kind in KINDS))


if __name__ == "__main__":
    sys.exit(main())
