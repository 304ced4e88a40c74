"""A day of traffic in the simulator: what is late, and what it costs: ``python -m tests.bench.day``.

The mail is synthetic (:mod:`lanes.simulate.generate`): a tenth urgent, three tenths normal, the rest bulk in campaigns,
with the swell of a day. A site of 1,000 messages a second has ten MTAs of 100 each, one of 10,000 a hundred; one of
them is simulated, which gets that part of every campaign and of everything else, and has that part of what the
destinations take. So a batch takes ten or a hundred times as long to come together there, which is what really happens
where mail is spread over MTAs at random.

The world: a thousand domains that need 0.3 s for a message (half of them more), and put one message of a hundred off,
since its mailbox is full. The third says something else at that, so that the fault is the domain's. The largest takes
40 messages a second of a site of 100, the second 10, which is less than comes at times; the fifth is down for an hour
in the afternoon, the fiftieth greylists. Of larger sites destinations take more in proportion.

Modes
    ``lanes``   settings as shipped, one road.
    ``roads``   the same, and three relays at the paper's prices, transports of their own.
    ``plain``   Postfix without lanes.

Prints tables, and as its last line one JSON object. ``per_second`` is messages simulated per second of processor time.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import product

from lanes.config.load import parse
from lanes.routes.cost import money
from lanes.simulate.compare import PLAIN, LaneResult, result
from lanes.simulate.generate import Day, generate
from lanes.simulate.run import simulate
from lanes.simulate.tally import Tally
from lanes.simulate.world import parse as parse_world
from tests.bench import report
from tests.paper import RELAYS

#: What one MTA is given: messages a second, on average over a day.
EACH = 100.0
MODES = ("lanes", "roads", "plain")
#: The busiest hour of a synthetic day is the sixteenth; a run that is shorter than a day ends after it.
BUSIEST = 18 * 3600.0

WORLD = """
[destination]
seconds = "300ms"
deferred = 0.01
dsn = "4.2.2"
[destinations."d1.example"]
rate = 40
[destinations."d2.example"]
rate = 10
[destinations."d3.example"]
dsn = "4.7.1"
[destinations."d5.example"]
down = [{ after = "HOURh", lasts = "1h" }]
[destinations."d50.example"]
greylist = "5m"
"""


def measure(rate: float, mode: str, hours: float, seed: int) -> dict[str, object]:
    """One run: of one of the MTAs of a site, so many hours of the day."""
    settings = parse(RELAYS if mode == "roads" else "")
    began = Day().began + max(BUSIEST - hours * 3600, 0.0)
    day = Day(rate, hours * 3600, began=began, seed=seed, part=EACH / rate)
    down = max((15 * 3600 - (began - Day().began)) / 3600, 0.0)
    world = parse_world(WORLD.replace("HOUR", f"{down:g}"))
    started = time.process_time()
    tally = simulate(generate(day), settings, world, Tally, plain=mode == "plain", seed=seed)
    took = time.process_time() - started
    found = result(PLAIN if mode == "plain" else mode, tally, settings)
    messages = sum(lane.messages for lane in found.lanes)
    cost = money(sum(lane.micro for lane in tally.lanes.values())) if mode == "roads" else None
    return {
        "rate": rate, "mode": mode, "hours": hours, "messages": messages, "per_second": round(messages / took),
        "cost": cost, "window_max": found.window_max, "held_max": found.held_max,
        "lanes": {lane.lane: _lane(lane) for lane in found.lanes},
    }  # fmt: skip


def _lane(lane: LaneResult) -> dict[str, object]:
    return {"sent": lane.sent, "p50_s": lane.p50, "p95_s": lane.p95, "p99_s": lane.p99, "violations": lane.violations,
            "expired": lane.expired, "connections": lane.connections, "wave_mean": lane.wave_mean}


def _rows(one: dict[str, object]) -> Iterator[dict[str, object]]:
    lanes = one["lanes"]
    assert isinstance(lanes, dict)
    for name, lane in lanes.items():
        yield {"rate": f"{one['rate']:g}", "mode": one["mode"], "lane": name, **lane}


def _late(one: dict[str, object]) -> Iterator[tuple[str, float]]:
    """By rate, mode and lane: which part of what was sent was late."""
    lanes = one["lanes"]
    assert isinstance(lanes, dict)
    for name, lane in lanes.items():
        yield f"{one['rate']:g}/s, {one['mode']}, {name}", round(lane["violations"] / max(lane["sent"], 1), 5)


def main() -> None:
    """Print the table and the JSON object."""
    parser = argparse.ArgumentParser(description="A day of traffic in the simulator.")
    parser.add_argument("--rates", nargs="+", type=float, default=[100.0], help="messages a second of a site (100)")
    parser.add_argument("--modes", nargs="+", choices=MODES, default=MODES)
    parser.add_argument("--hours", type=float, default=24.0, help="of the day (24)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2, help="runs at once (2)")
    wanted = parser.parse_args()
    cases = list(product(wanted.rates, wanted.modes))
    with ProcessPoolExecutor(wanted.processes) as pool:
        futures = [pool.submit(measure, rate, mode, wanted.hours, wanted.seed) for rate, mode in cases]
        runs = [future.result() for future in futures]
    report.show("a day of one MTA", [row for run in runs for row in _rows(run)])
    report.show("runs", [{key: value for key, value in run.items() if key != "lanes"} for run in runs])
    report.finish("day", {"late": {name: part for run in runs for name, part in _late(run)}, "runs": runs})


if __name__ == "__main__":
    main()
