"""Missed deadlines, by policy and load, in simulated time: ``python -m tests.bench.deadlines``.

The MTA delivers :data:`SLOTS` messages in each tick of a second, in the order in which it was given
them. Mail comes in as it does: bulk in runs of up to thousands, the rest at random with a swell in
the middle; a fifth of it is promised sooner than its lane's SLA (a recipient's own SLA). SLAs are
short against the run, so that 120 % load is overload for several times the longest of them.

Policies
    ``fifo``     a plain MTA: first come, first served.
    ``strict``   the most urgent lane first, in it first come, first served.
    ``fair``     weighted fair (stride scheduling), the weights being ours; in a lane first come,
                 first served.
    ``lanes``    :func:`lanes.schedule.plan.plan`, shown heads and counts, bound to its window and its
                 batches. Priority mail passes unheld; normal mail is held while the window is full.
    ``optimum``  the bound: each tick the earliest deadlines that can still be met, and what is late
                 never.

The rivals are idealised: they see all mail and choose freely for each slot.

Why ``optimum`` is a bound: whatever a policy does, its deliveries in time are a matching of messages
with slots, where a message fits any slot from its arrival to its deadline. That graph is convex, and
for convex graphs the greedy choice of the earliest deadline gives a matching of maximum cardinality
(Glover, "Maximum matching in a convex bipartite graph", 1967). No policy, also none that knew the
future, misses fewer.

Prints a table, and as its last line one JSON object. The table's last column tells what a miss means:
by how many minutes half of the late mail was late. Whoever saves deadlines under overload does it at
the expense of mail that is late already, we with nine places of ten, the optimum with all.
"""

from __future__ import annotations

import argparse
import heapq
import math
import random
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from lanes.config.load import parse
from lanes.config.model import Lane
from lanes.schedule.plan import plan
from lanes.simulate.mail import Mail
from lanes.simulate.pool import Pool
from tests.bench.report import finish

#: Messages that the MTA delivers in a tick of one second.
SLOTS = 10
#: Ticks during which mail comes in; afterwards the rest is delivered.
TICKS = 7200
LOADS = (0.70, 0.85, 0.95, 1.05, 1.20)
#: Lane -> its part of the load.
MIX = {"priority": 0.1, "normal": 0.3, "bulk": 0.6}
DOMAINS = 30
#: What may be in flight: two ticks' worth, as a controlled window would find.
WINDOW = 2 * SLOTS
#: How many heads the planner is shown of each order.
HEADS = 50

SETTINGS = """
[lanes.priority]
sla = "30s"
lead = "2s"
alert_after = "10s"
[lanes.normal]
sla = "5m"
lead = "5s"
promote_at = "25s"
alert_after = "1m"
[lanes.bulk]
sla = "30m"
lead = "20s"
promote_at = "3m"
batch = { size = 50, max_wait = "3m", streams = 5 }
"""


def traffic(load: float, lanes: Mapping[str, Lane], seed: int, ticks: int = TICKS) -> list[Mail]:
    """Mail for a run, by acceptance."""
    chance = random.Random(seed)
    total = load * SLOTS * ticks
    arrivals = [
        *_steady("priority", total * MIX["priority"], ticks, chance),
        *_steady("normal", total * MIX["normal"], ticks, chance),
        *_runs("bulk", total * MIX["bulk"], ticks, chance),
    ]
    arrivals.sort()
    return [_mail(number, arrival, lanes, chance) for number, arrival in enumerate(arrivals)]


def _steady(lane: str, count: float, ticks: int, chance: random.Random) -> Iterator[tuple[float, str, str]]:
    for _ in range(round(count)):
        yield chance.triangular(0, ticks), lane, f"d{chance.randrange(DOMAINS)}"


def _runs(lane: str, count: float, ticks: int, chance: random.Random) -> Iterator[tuple[float, str, str]]:
    left = round(count)
    while left > 0:
        run = min(left, round(chance.lognormvariate(6, 1)))
        start = chance.uniform(0, ticks)
        for number in range(run):
            yield min(start + number / 100, ticks), lane, f"d{int(chance.triangular(0, DOMAINS, 0))}"
        left -= run


def _mail(number: int, arrival: tuple[float, str, str], lanes: Mapping[str, Lane], chance: random.Random) -> Mail:
    accepted, lane, domain = arrival
    sla = lanes[lane].sla * (chance.uniform(0.3, 1) if chance.random() < 0.2 else 1)
    return Mail(accepted + sla, accepted, f"{number:07d}", lane, domain if lanes[lane].batch else "")


class Policy(Protocol):
    """Who is delivered next."""

    def accept(self, mail: Mail) -> None:
        """A message has come in."""

    def deliver(self, now: float) -> list[Mail]:
        """At most :data:`SLOTS` messages, delivered by the end of this tick."""


class Fifo:
    """A plain MTA."""

    def __init__(self) -> None:
        self._queue: deque[Mail] = deque()

    def accept(self, mail: Mail) -> None:
        """To the end of the queue."""
        self._queue.append(mail)

    def deliver(self, now: float) -> list[Mail]:  # noqa: ARG002
        """From its front."""
        return [self._queue.popleft() for _ in range(min(SLOTS, len(self._queue)))]


class ByLane:
    """A queue a lane; ``choose`` picks the next of the lanes that have mail."""

    def __init__(self, lanes: Sequence[str], choose: Callable[[Sequence[str]], str]) -> None:
        self._queues: dict[str, deque[Mail]] = {lane: deque() for lane in lanes}
        self._choose = choose

    def accept(self, mail: Mail) -> None:
        """To the end of its lane."""
        self._queues[mail.lane].append(mail)

    def deliver(self, now: float) -> list[Mail]:  # noqa: ARG002
        """From the front of the lanes that are chosen."""
        return list(self._pick())

    def _pick(self) -> Iterator[Mail]:
        for _ in range(SLOTS):
            if waiting := [lane for lane, queue in self._queues.items() if queue]:
                yield self._queues[self._choose(waiting)].popleft()


class Stride:
    """Weighted fair choice (Waldspurger and Weihl, "Stride scheduling", 1995)."""

    def __init__(self, weights: Mapping[str, float]) -> None:
        self._weights = weights
        self._passes = dict.fromkeys(weights, 0.0)
        self._clock = 0.0

    def __call__(self, waiting: Sequence[str]) -> str:
        """The lane that is furthest behind; one that was idle has saved nothing up."""
        chosen = min(waiting, key=lambda lane: max(self._passes[lane], self._clock))
        self._clock = max(self._passes[chosen], self._clock)
        self._passes[chosen] = self._clock + 1 / self._weights[chosen]
        return chosen


class Optimum:
    """Earliest deadline first among what can still be met; the rest is never delivered."""

    def __init__(self) -> None:
        self._heap: list[Mail] = []

    def accept(self, mail: Mail) -> None:
        """Among the others."""
        heapq.heappush(self._heap, mail)

    def deliver(self, now: float) -> list[Mail]:
        """The earliest deadlines that this tick meets."""
        found: list[Mail] = []
        while self._heap and len(found) < SLOTS:
            if (mail := heapq.heappop(self._heap)).deadline >= now + 1:
                found.append(mail)
        return found


class Planned:
    """Our planner before an MTA that delivers in the order in which it was given the mail."""

    def __init__(self, lanes: Mapping[str, Lane]) -> None:
        self._lanes = lanes
        self._pool = Pool(lanes, heads=HEADS)
        self._mta: deque[Mail] = deque()

    def accept(self, mail: Mail) -> None:
        """As the filter does: pass, or hold."""
        hold = self._lanes[mail.lane].hold
        congested = len(self._mta) >= WINDOW or bool(self._pool.count(mail.lane))
        if hold == "always" or (hold == "congested" and congested):
            self._pool.hold(mail)
        else:
            self._pool.start(mail)
            self._mta.append(mail)

    def deliver(self, now: float) -> list[Mail]:
        """Release what the planner says, then let the MTA have its tick."""
        for wave in plan(self._pool.views(now), self._lanes, WINDOW, now):
            self._mta.extend(self._pool.claim(wave))
        sent = [self._mta.popleft() for _ in range(min(SLOTS, len(self._mta)))]
        for mail in sent:
            self._pool.settle(mail)
        return sent


def policies(lanes: Mapping[str, Lane]) -> dict[str, Policy]:
    """Name -> a fresh one of each."""
    order = sorted(lanes, key=lambda name: lanes[name].rank)
    shares = {name: lanes[name].share for name in order}
    weights = {**shares, order[0]: 1 - sum(shares.values())}
    return {
        "fifo": Fifo(),
        "strict": ByLane(order, lambda waiting: waiting[0]),
        "fair": ByLane(order, Stride(weights)),
        "lanes": Planned(lanes),
        "optimum": Optimum(),
    }


def run(policy: Policy, mail: Sequence[Mail]) -> dict[str, list[float]]:
    """Lane -> for each message that missed its deadline by how many seconds; endless if never delivered."""
    never = {one.id: one for one in mail}
    missed: defaultdict[str, list[float]] = defaultdict(list)
    waiting, now, sent = deque(mail), 0.0, list[Mail]()
    while waiting or sent or now < mail[-1].deadline:
        while waiting and waiting[0].accepted <= now:
            policy.accept(waiting.popleft())
        sent, now = policy.deliver(now), now + 1
        for one in sent:
            del never[one.id]
            if now > one.deadline:
                missed[one.lane].append(now - one.deadline)
    for one in never.values():
        missed[one.lane].append(math.inf)
    return missed


def compare(
    lanes: Mapping[str, Lane], load: float, seeds: Sequence[int], ticks: int = TICKS
) -> Iterator[tuple[str, float, str]]:
    """Policy, share that missed its deadline, and the table's other columns."""
    sent: Counter[str] = Counter()
    late: dict[str, defaultdict[str, list[float]]] = {name: defaultdict(list) for name in policies(lanes)}
    for seed in seeds:
        mail = traffic(load, lanes, seed, ticks)
        sent.update(one.lane for one in mail)
        for name, policy in policies(lanes).items():
            for lane, seconds in run(policy, mail).items():
                late[name][lane] += seconds
    for name, missed in late.items():
        by = sorted(seconds for lane in missed.values() for seconds in lane)
        columns = [f"{len(missed[lane]) / sent[lane]:>9.2%}" for lane in MIX]
        yield name, len(by) / sent.total(), " ".join([*columns, f"{_minutes(by):>9}"])


def _minutes(late: Sequence[float]) -> str:
    """The median of what was late, in minutes."""
    if not late:
        return "-"
    median = late[len(late) // 2]
    return "never" if math.isinf(median) else f"{median / 60:.1f}"


def main() -> None:
    """Print the table and the JSON object."""
    parser = argparse.ArgumentParser(description="Missed deadlines by policy and load, in simulated time.")
    parser.add_argument("--seeds", type=int, default=3, help="how many different days of mail")
    seeds = range(1, parser.parse_args().seeds + 1)
    lanes = parse(SETTINGS).lanes
    rows: list[dict[str, Any]] = []
    print("load policy    missed " + " ".join(f"{lane:>9}" for lane in MIX) + "   late by (median, minutes)")
    for load in LOADS:
        for name, share, columns in compare(lanes, load, seeds):
            print(f"{load:>4.0%} {name:<8} {share:>7.2%} {columns}", flush=True)
            rows.append({"load": load, "policy": name, "missed": round(share, 5)})
    missed = {f"{row['load']:.0%}, {row['policy']}": row["missed"] for row in rows}
    finish("deadlines", {"missed": missed, "rows": rows})


if __name__ == "__main__":
    main()
