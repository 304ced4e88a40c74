"""A whole site under steady mixed mail for an hour, and whether anything grows: ``python -m tests.soak``.

Every ten seconds it is looked at what each program takes up (RSS, PSS, anonymous memory, CPU, open files, threads),
what Redis and the spool have, and what arrived. At the end: slopes, and whether they count as flat
(:mod:`tests.soak.judge` has the criterion); queue times of the first quarter against the last; and that nothing was
lost or arrived twice. Then what a message leaves behind in the filter, and a connection (:mod:`tests.soak.filter`).
Samples are kept in ``bench/soak.jsonl``.

Ends with one JSON line. The exit code is 1 if anything was lost or doubled, or grew.
"""

from __future__ import annotations

import argparse
import json
import sys

from tests.bench import report
from tests.soak.filter import MESSAGES, memory_left
from tests.soak.run import soak


def main() -> int:
    """Run, and tell."""
    parser = argparse.ArgumentParser(description="A whole site under steady mixed mail, and whether anything grows.")
    parser.add_argument("--hours", type=float, default=1.0, help="how long (1)")
    parser.add_argument("--minutes", type=float, help="how long, in minutes")
    parser.add_argument("--rate", type=float, help="messages a second (three quarters of what a probe finds)")
    chosen = parser.parse_args()
    seconds = chosen.minutes * 60 if chosen.minutes else chosen.hours * 3600
    report.FOLDER.mkdir(exist_ok=True)
    with report.progress() as progress:
        found = soak(seconds, chosen.rate, progress.say, report.FOLDER / "soak.jsonl")
        progress.say("what a message and a connection leave behind in the filter")
        found["filter"] = memory_left(MESSAGES)
    rows = [{"program": name, **program} for name, program in found["programs"].items()]
    report.show("what programs take up", rows)
    print(json.dumps({"soak": found}), flush=True)
    return int(bool(found["lost"] or found["duplicated"] or found["flat"] is False))


if __name__ == "__main__":
    sys.exit(main())
