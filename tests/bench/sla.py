"""What it costs to measure, to show and to tell: ``python -m tests.bench.sla``.

``tracker_lines_per_s``  lines of a mail log, read and applied to a real Valkey (:mod:`tests.bench.tracking`)
``percentile_error``     of merged minutes against sorting, the largest of p50, p95 and p99, as a part
``scrape_ms``            all the house's metrics with a million messages on hold, the median (:mod:`tests.bench.scrape`)
``api_p99_ms``           the state of the queues, eight requests at once (:mod:`tests.bench.api`)
``alert_s``              from a cause to the webhook, the slowest of three (:mod:`tests.bench.alerts`)

Prints a table, and as its last line one JSON object. Takes about ten minutes, of which the million messages
are most.
"""

from __future__ import annotations

import argparse

from tests.bench.alerts import cause_to_webhook
from tests.bench.api import api_p99_ms
from tests.bench.report import finish, progress, show
from tests.bench.scrape import scrape_ms
from tests.bench.tracking import percentile_error, quiet, tracker_lines_per_s


def measured(held: int) -> dict[str, float]:
    """All of it; with so many messages on hold at a scrape."""
    quiet()
    with progress() as tell:
        tell.say("the tracker")
        lines = tracker_lines_per_s()
        tell.say("percentiles")
        error = percentile_error()
        tell.say("a scrape")
        scrape = scrape_ms(tell, held)[held].median
    answered = api_p99_ms()
    return {
        "tracker_lines_per_s": round(lines), "percentile_error": round(error, 5), "scrape_ms": round(scrape, 2),
        "api_p99_ms": round(answered, 2), "alert_s": round(max(cause_to_webhook().values()), 2),
    }  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="What it costs to measure, to show and to tell.")
    parser.add_argument("--held", type=int, default=1_000_000, help="messages on hold at a scrape (1000000)")
    result = measured(parser.parse_args().held)
    show("measured", [{"what": name, "value": value} for name, value in result.items()])
    finish("sla", result)


if __name__ == "__main__":
    main()
